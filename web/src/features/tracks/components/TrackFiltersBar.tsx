import { Button, Group, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { withChosen } from '@/shared/model/choices';
import { fromLocalInput, toLocalInput, zoneName } from '@/shared/model/time';
import { CameraChoice, ClassChoice } from '@/shared/ui/Choices';
import { places, type TrackFilters } from '../model/filters';

export function TrackFiltersBar(props: {
  filters: TrackFilters;
  cameras: Schemas['Camera'][];
  zone: string;
  onChange: (filters: TrackFilters) => void;
}) {
  const { t, locale } = useText();
  const { filters, cameras, zone, onChange } = props;
  const set = (change: Partial<TrackFilters>) => onChange({ ...filters, ...change });
  const named = zoneName(new Date(), zone, locale);
  const found = places(cameras, filters.camera);
  const place = filters.zone ? `zone ${filters.zone}` : filters.line ? `line ${filters.line}` : '';
  return (
    <Group gap="sm" align="flex-end" className="filters">
      <ClassChoice value={filters.class} onChange={(classes) => set({ class: classes })} />
      <CameraChoice
        cameras={cameras}
        value={filters.camera}
        onChange={(camera) => set({ camera, zone: undefined, line: undefined })}
      />
      <NativeSelect
        label={t('tracks.place')}
        title={found.find((one) => `${one.kind} ${one.id}` === place)?.name ?? filters.zone ?? filters.line}
        value={place}
        data={withChosen(
          [
            { value: '', label: t('common.any') },
            ...found.map((one) => ({ value: `${one.kind} ${one.id}`, label: one.name })),
          ],
          place,
          filters.zone ?? filters.line,
        )}
        onChange={(event) => {
          const one = found.find((candidate) => `${candidate.kind} ${candidate.id}` === event.currentTarget.value);
          set({
            zone: one?.kind === 'zone' ? one.id : undefined,
            line: one?.kind === 'line' ? one.id : undefined,
            direction: one?.kind === 'line' ? filters.direction : undefined,
          });
        }}
      />
      {filters.line ? (
        <NativeSelect
          label={t('tracks.direction')}
          value={filters.direction ?? ''}
          data={[
            { value: '', label: t('common.any') },
            { value: 'in', label: t('direction.in') },
            { value: 'out', label: t('direction.out') },
          ]}
          onChange={(event) => {
            const value = event.currentTarget.value;
            set({ direction: value === 'in' || value === 'out' ? value : undefined });
          }}
        />
      ) : null}
      {(['from', 'to'] as const).map((edge) => (
        <TextInput
          key={`${edge}-${filters[edge] ?? ''}`}
          type="datetime-local"
          label={t(`tracks.${edge}`, { zone: named })}
          defaultValue={filters[edge] ? toLocalInput(filters[edge], zone) : ''}
          onBlur={(event) => {
            const at = fromLocalInput(event.currentTarget.value, zone)?.toISOString();
            // Times that are typed may be of other days than those that are shown.
            if (at !== filters[edge])
              set({ [edge]: at, ...(at ? { day: undefined, until: undefined, time: undefined } : {}) });
          }}
        />
      ))}
      <NumberInput
        key={`longer-${filters.longer ?? ''}`}
        label={t('tracks.longer')}
        min={0}
        suffix=" s"
        defaultValue={filters.longer ?? ''}
        onBlur={(event) => {
          const value = Number.parseFloat(event.currentTarget.value);
          set({ longer: value > 0 ? value : undefined });
        }}
      />
      <Button variant="subtle" onClick={() => onChange({})}>
        {t('tracks.clear')}
      </Button>
    </Group>
  );
}
