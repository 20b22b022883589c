import { Group, Kbd, MultiSelect, SegmentedControl, Text } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { words } from '@/shared/model/search';
import { CameraChoice, ClassChoice } from '@/shared/ui/Choices';
import { type AlertFilters, KINDS, SEVERITIES, STATES } from '../model/filters';

export function Filters(props: {
  filters: AlertFilters;
  cameras: Schemas['Camera'][];
  onChange: (filters: AlertFilters) => void;
}) {
  const { t } = useText();
  const { filters, onChange } = props;
  const set = (change: Partial<AlertFilters>) => onChange({ ...filters, alert: undefined, ...change });
  return (
    <>
      <Group justify="space-between" gap="sm">
        <SegmentedControl
          size="sm"
          aria-label={t('alerts.state')}
          value={filters.state ?? 'new'}
          data={STATES.map((value) => ({ value, label: t(`review.${value}`) }))}
          onChange={(value) => set({ state: STATES.find((state) => state === value) })}
        />
        <Text size="sm" className="quiet" visibleFrom="md">
          <Kbd>J</Kbd> <Kbd>K</Kbd> {t('keys.move')} · <Kbd>A</Kbd> {t('keys.acknowledge')} · <Kbd>D</Kbd>{' '}
          {t('keys.dismiss')} · <Kbd>U</Kbd> {t('keys.reopen')}
        </Text>
      </Group>
      <Group gap="sm" align="flex-end" className="filters">
        <CameraChoice cameras={props.cameras} value={filters.camera} onChange={(camera) => set({ camera })} />
        <MultiSelect
          label={t('alerts.kind')}
          placeholder={filters.kind ? undefined : t('alerts.kind-any')}
          value={filters.kind ?? []}
          data={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
          onChange={(value) => set({ kind: words(value, KINDS) })}
          clearable
        />
        <MultiSelect
          label={t('alerts.severity')}
          placeholder={filters.severity ? undefined : t('common.any')}
          value={filters.severity ?? []}
          data={SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))}
          onChange={(value) => set({ severity: words(value, SEVERITIES) })}
          clearable
        />
        <ClassChoice value={filters.class} onChange={(classes) => set({ class: classes })} />
      </Group>
    </>
  );
}
