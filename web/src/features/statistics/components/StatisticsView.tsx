import { Button, Group, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { countsQuery } from '@/shared/api/counts';
import { useText } from '@/shared/i18n/useText';
import { word } from '@/shared/model/search';
import { fromLocalInput, toLocalInput } from '@/shared/model/time';
import { CameraChoice } from '@/shared/ui/Choices';
import { Queried } from '@/shared/ui/StateView';
import { useNow } from '@/shared/ui/useNow';
import { fileAddress, GROUPS, range, SPANS, type StatisticsSearch } from '../model/range';
import { byPlace, type PlaceCounts } from '../model/series';
import { PlaceCard } from './PlaceCard';

/** Counts of the lines and zones of a site. */
export function StatisticsView(props: {
  siteId: string;
  zone: string;
  search: StatisticsSearch;
  onSearch: (search: StatisticsSearch) => void;
}) {
  const { t } = useText();
  const { siteId, zone, search, onSearch } = props;
  // What a recording counted is on its own page.
  const all = useQuery(camerasQuery(siteId)).data ?? [];
  const cameras = withoutFiles(all);
  const recordings = new Set(all.filter((one) => one.upload_id).map((one) => one.id));
  const group = search.group ?? 'class';
  const asked = {
    ...range(search, useNow(), zone),
    ...(search.camera ? { camera_id: [search.camera] } : {}),
    ...(group === 'none' ? {} : { group_by: [group] }),
  };
  const query = useQuery(countsQuery(siteId, asked));
  return (
    <>
      <Group justify="space-between" gap="sm">
        <SegmentedControl
          aria-label={t('statistics.span')}
          value={search.day ? '' : (search.span ?? 'today')}
          data={SPANS.map((value) => ({ value, label: t(`span.${value}`) }))}
          onChange={(value) => onSearch({ ...search, span: word(value, SPANS), day: undefined })}
        />
        <Button.Group>
          <Button component="a" variant="default" href={fileAddress(siteId, asked, 'csv')} download>
            {t('statistics.csv')}
          </Button>
          <Button component="a" variant="default" href={fileAddress(siteId, asked, 'geojson')} download>
            {t('statistics.geojson')}
          </Button>
        </Button.Group>
      </Group>
      <Group gap="sm" align="flex-end" className="filters">
        <TextInput
          key={search.day ?? 'none'}
          type="date"
          label={t('statistics.day')}
          defaultValue={search.day ? toLocalInput(search.day, zone).slice(0, 10) : ''}
          onChange={(event) => {
            const day = fromLocalInput(`${event.currentTarget.value}T12:00`, zone);
            if (day) onSearch({ ...search, day: day.toISOString() });
          }}
        />
        <CameraChoice cameras={cameras} value={search.camera} onChange={(camera) => onSearch({ ...search, camera })} />
        <NativeSelect
          label={t('statistics.group')}
          value={group}
          data={GROUPS.map((value) => ({ value, label: t(`statistics.by-${value}`) }))}
          onChange={(event) => onSearch({ ...search, group: word(event.currentTarget.value, GROUPS) })}
        />
      </Group>
      <Queried
        query={query}
        shape="charts"
        isEmpty={(counts) => counts.series.every((one) => recordings.has(one.camera_id))}
        empty={{ title: 'statistics.none', text: 'statistics.none-text' }}
      >
        {(counts) => (
          <div className="grid-charts">
            {byPlace(counts)
              .filter((place) => !recordings.has(place.cameraId))
              .map((place) => (
                <PlaceCard key={place.key} place={place} title={nameOf(place, cameras)} zone={zone} />
              ))}
          </div>
        )}
      </Queried>
    </>
  );
}

function nameOf(place: PlaceCounts, cameras: Schemas['Camera'][]): string {
  const settings = cameras.find((camera) => camera.id === place.cameraId)?.settings;
  const shapes = place.kind === 'line' ? settings?.lines : settings?.zones;
  const name = shapes?.find((shape) => shape.id === place.id)?.name || place.id;
  return `${name} · ${settings?.name || place.cameraId}`;
}
