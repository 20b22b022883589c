import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { camerasQuery } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { CLASS_COLOURS } from '@/shared/model/classes';
import { formatDuration } from '@/shared/model/time';
import { Card } from '@/shared/ui/Page';
import { Box, Polygon, STROKE, StoredPicture } from '@/shared/ui/Picture';
import { Queried } from '@/shared/ui/StateView';
import { ClassName, Moment } from '@/shared/ui/Words';
import { trackDetailQuery } from '../api/queries';

/** One road user: its path over the picture, and where it was when. */
export function TrackView(props: { siteId: string; trackId: string; zone: string }) {
  const { t } = useText();
  const cameras = useQuery(camerasQuery(props.siteId)).data ?? [];
  const query = useQuery(trackDetailQuery(props.siteId, props.trackId));
  return (
    <Queried
      query={query}
      shape="columns"
      leave={
        <Link to="/sites/$siteId/tracks" params={{ siteId: props.siteId }} className="link">
          {t('leave.search')}
        </Link>
      }
    >
      {(track) => (
        <Detail
          siteId={props.siteId}
          track={track}
          zone={props.zone}
          camera={cameras.find((camera) => camera.id === track.camera_id)}
        />
      )}
    </Queried>
  );
}

function Detail(props: {
  siteId: string;
  track: Schemas['TrackDetail'];
  zone: string;
  camera: Schemas['Camera'] | undefined;
}) {
  const { t, locale } = useText();
  const { track, camera, siteId, zone } = props;
  const colour = track.class ? CLASS_COLOURS[track.class] : '#fff';
  const path = track.path.map((point) => [point.x, point.y]);
  const begin = track.path[0];
  const zones = camera?.settings.zones ?? [];
  const lines = camera?.settings.lines ?? [];
  const nameOf = (id: string) => [...zones, ...lines].find((one) => one.id === id)?.name || id;
  const number = (value: number) => value.toLocaleString(locale, { maximumFractionDigits: 0 });
  const facts: [string, ReactNode][] = [
    [t('common.class'), <ClassName key="class" value={track.class} />],
    [t('tracks.certainty'), `${Math.round(track.class_share * 100)} %`],
    [t('tracks.first-seen'), <Moment key="first" at={track.first_seen} zone={zone} />],
    [t('tracks.last-seen'), <Moment key="last" at={track.last_seen} zone={zone} />],
    [t('tracks.duration'), formatDuration(track.duration_s, locale)],
    [t('tracks.detections'), number(track.detections)],
    [t('tracks.travelled'), `${number(track.travelled_px)} px`],
    [t('tracks.mean-speed'), track.mean_speed_px_s == null ? '–' : `${number(track.mean_speed_px_s)} px/s`],
    [
      t('common.camera'),
      camera ? (
        <Link
          key="camera"
          to="/sites/$siteId/cameras/$cameraId"
          params={{ siteId, cameraId: camera.id }}
          className="link"
        >
          {camera.settings.name || camera.id}
        </Link>
      ) : (
        track.camera_id
      ),
    ],
  ];
  return (
    <div className="two-columns">
      <Card title={t('tracks.path')}>
        <StoredPicture siteId={siteId} of="track" id={track.id} exists={track.has_snapshot} alt={t('tracks.picture')}>
          {zones.map((one) => (
            <Polygon key={one.id} points={one.polygon} closed colour="#f08c00" dashed />
          ))}
          {lines.map((one) => (
            <Polygon key={one.id} points={one.points} closed={false} colour="#4dabf7" dashed />
          ))}
          <polyline
            points={path.map((point) => point.join(',')).join(' ')}
            stroke="#fff"
            strokeWidth={6}
            strokeLinejoin="round"
            opacity={0.8}
            data-path
            {...STROKE}
          />
          <Polygon points={path} closed={false} colour={colour} />
          {begin ? <circle cx={begin.x} cy={begin.y} r={0.01} fill={colour} /> : null}
          <Box box={track.best.box} colour={colour} />
        </StoredPicture>
        <Text size="sm" className="quiet">
          {track.has_snapshot ? t('tracks.path-help') : t('tracks.no-picture')}
        </Text>
      </Card>
      <Stack gap="md">
        <Card title={t('tracks.facts')}>
          <Table>
            <Table.Tbody>
              {facts.map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Th fw={400} className="quiet" scope="row">
                    {name}
                  </Table.Th>
                  <Table.Td>{value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
        {track.crossings.length + track.zone_visits.length > 0 ? (
          <Card title={t('tracks.where')}>
            {track.zone_visits.map((visit) => (
              <Text key={`${visit.zone_id} ${visit.first_inside}`} size="sm">
                {t('tracks.in-zone', { name: nameOf(visit.zone_id) })} · <Moment at={visit.first_inside} zone={zone} />
              </Text>
            ))}
            {track.crossings.map((crossing) => (
              <Text key={`${crossing.line_id} ${crossing.at}`} size="sm">
                {t(crossing.direction === 'out' ? 'tracks.crossed-out' : 'tracks.crossed-in', {
                  name: nameOf(crossing.line_id),
                })}{' '}
                · <Moment at={crossing.at} zone={zone} />
              </Text>
            ))}
          </Card>
        ) : null}
      </Stack>
    </div>
  );
}
