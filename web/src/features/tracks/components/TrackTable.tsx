import { Button, Group, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { camerasQuery } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { formatDuration } from '@/shared/model/time';
import { DataTable } from '@/shared/ui/DataTable';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { useNow } from '@/shared/ui/useNow';
import { ClassName, Moment } from '@/shared/ui/Words';
import { tracksQuery } from '../api/queries';
import { onDays, onPart, shownTime } from '../model/days';
import type { TrackFilters } from '../model/filters';
import { Days } from './Days';
import { Thumbnail } from './Thumbnail';
import { TimeSlider } from './TimeSlider';
import { TrackFiltersBar } from './TrackFiltersBar';
import './search.css';

/** The road users that a search finds, the newest first. */
export function TrackTable(props: {
  siteId: string;
  zone: string;
  filters: TrackFilters;
  onFilters: (filters: TrackFilters) => void;
}) {
  const { t } = useText();
  const { siteId, filters, zone, onFilters } = props;
  const now = useNow();
  const time = shownTime(filters, zone, now);
  const cameras = useQuery(camerasQuery(siteId)).data ?? [];
  const query = useInfiniteQuery(tracksQuery(siteId, filters, time));
  const list = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Card>
        <Days filters={filters} time={time} zone={zone} now={now} onChange={onFilters} />
        {time ? (
          <TimeSlider
            siteId={siteId}
            filters={filters}
            time={time}
            zone={zone}
            now={now}
            onPart={(from, to) => onFilters(onPart(filters, time, zone, from, to))}
          />
        ) : null}
      </Card>
      <TrackFiltersBar filters={filters} cameras={cameras} zone={zone} onChange={onFilters} />
      <Queried
        query={query}
        rows={8}
        isEmpty={() => list.length === 0}
        empty={{
          title: 'tracks.none',
          text: 'tracks.none-text',
          action: time ? (
            <Button variant="default" onClick={() => onFilters({ ...onDays(filters, undefined), time: 'any' })}>
              {t('tracks.search-any')}
            </Button>
          ) : undefined,
        }}
      >
        {() => (
          <div className="card">
            <Rows siteId={siteId} list={list} cameras={cameras} zone={zone} />
            {query.hasNextPage ? (
              <Group justify="center" p="sm">
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('common.more')}
                </Button>
              </Group>
            ) : (
              <Text size="sm" className="quiet" ta="center" p="sm">
                {t('tracks.end', { count: list.length })}
              </Text>
            )}
          </div>
        )}
      </Queried>
    </>
  );
}

function Rows(props: { siteId: string; list: Schemas['Track'][]; cameras: Schemas['Camera'][]; zone: string }) {
  const { t, locale } = useText();
  const byId = new Map(props.cameras.map((camera) => [camera.id, camera]));
  return (
    <DataTable
      label={t('tracks.title')}
      columns={[
        t('tracks.best-picture'),
        t('common.class'),
        t('tracks.first-seen'),
        t('tracks.duration'),
        t('common.camera'),
        t('tracks.zones'),
        { right: t('tracks.certainty') },
      ]}
      highlightOnHover
      className="dense"
    >
      {props.list.map((track) => {
        const settings = byId.get(track.camera_id)?.settings;
        const zones = track.zones.map((id) => settings?.zones?.find((zone) => zone.id === id)?.name || id);
        return (
          <Table.Tr key={track.id} data-track={track.id}>
            <Table.Td className="thumbnail-cell">
              <Thumbnail siteId={props.siteId} track={track} />
            </Table.Td>
            <Table.Td>
              <Link
                to="/sites/$siteId/tracks/$trackId"
                params={{ siteId: props.siteId, trackId: track.id }}
                className="link"
              >
                <ClassName value={track.class} />
              </Link>
            </Table.Td>
            <Table.Td>
              <Moment at={track.first_seen} zone={props.zone} />
            </Table.Td>
            <Table.Td>{formatDuration(track.duration_s, locale)}</Table.Td>
            <Table.Td>{settings?.name || track.camera_id}</Table.Td>
            <Table.Td>{zones.join(', ') || '–'}</Table.Td>
            <Table.Td ta="right">{Math.round(track.class_share * 100)} %</Table.Td>
          </Table.Tr>
        );
      })}
    </DataTable>
  );
}
