import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useText } from '@/shared/i18n/useText';
import { day } from '@/shared/model/search';
import { startOfDay } from '@/shared/model/time';
import { dayOf, onDays, type ShownTime, shifted } from '../model/days';
import type { TrackFilters } from '../model/filters';

const CHOICES = ['today', 'yesterday', 'week', 'any'] as const;

/** Which days are searched. */
export function Days(props: {
  filters: TrackFilters;
  time: ShownTime | undefined;
  zone: string;
  now: Date;
  onChange: (filters: TrackFilters) => void;
}) {
  const { t } = useText();
  const { filters, time, zone, now, onChange } = props;
  const today = dayOf(now, zone);
  const earlier = (days: number) => dayOf(startOfDay(now, zone, -days), zone);
  const [first, last] = time ? [dayOf(time.begin, zone), dayOf(new Date(time.end.getTime() - 1), zone)] : [];
  const ranges = { today: [today, today], yesterday: [earlier(1), earlier(1)], week: [earlier(6), today], any: [] };
  const chosen = CHOICES.find((name) => ranges[name][0] === first && ranges[name][1] === last);
  return (
    <Group gap="sm" align="flex-end" className="filters">
      <SegmentedControl
        className="whole"
        aria-label={t('tracks.days')}
        value={chosen ?? ''}
        data={CHOICES.map((value) => ({ value, label: t(`tracks.days-${value}`) }))}
        onChange={(value) => {
          const name = CHOICES.find((one) => one === value);
          if (name === 'any') onChange({ ...onDays(filters, undefined), time: 'any' });
          else if (name) onChange(onDays(filters, name === 'today' ? undefined : ranges[name][0], ranges[name][1]));
        }}
      />
      <Group gap="xs" align="flex-end" wrap="nowrap" className="day-range whole">
        <Button
          variant="default"
          px="xs"
          aria-label={t('tracks.days-before')}
          disabled={!time}
          onClick={() => time && onChange(shifted(filters, time, zone, -1))}
        >
          ‹
        </Button>
        <TextInput
          key={`first-${first}`}
          type="date"
          label={t('tracks.first-day')}
          defaultValue={first ?? ''}
          onChange={(event) => {
            const chosen = day(event.currentTarget.value);
            // Somebody who looks at one day wants another one; somebody who looks at several, another begin.
            if (chosen) onChange(onDays(filters, chosen, first === last ? undefined : last));
          }}
        />
        <TextInput
          key={`last-${last}`}
          type="date"
          label={t('tracks.last-day')}
          min={first}
          defaultValue={last ?? ''}
          onChange={(event) => {
            const chosen = day(event.currentTarget.value);
            if (chosen) onChange(onDays(filters, first !== undefined && first < chosen ? first : chosen, chosen));
          }}
        />
        <Button
          variant="default"
          px="xs"
          aria-label={t('tracks.days-after')}
          disabled={!time || time.end > now}
          onClick={() => time && onChange(shifted(filters, time, zone, 1))}
        >
          ›
        </Button>
      </Group>
    </Group>
  );
}
