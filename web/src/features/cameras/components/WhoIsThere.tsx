import { Group, Text } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { ClassName } from '@/shared/ui/Words';

/** Who is in the newest frame, and in which zones. Of a camera that is not live, nothing is said about now. */
export function WhoIsThere(props: { live: Schemas['LiveCamera'] | undefined; zones: Schemas['Zone'][] }) {
  const { t } = useText();
  const { live } = props;
  if (live?.state !== 'live') return null;
  const present = (live.objects ?? []).filter((one) => one.count > 0);
  const names = new Map(props.zones.map((zone) => [zone.id, zone.name || zone.id]));
  const occupied = (live.zones ?? []).filter((zone) => zone.objects.some((one) => one.count > 0));
  return (
    <>
      <Group gap="sm">
        {present.length === 0 ? (
          <Text size="sm" className="quiet">
            {t('live.nobody')}
          </Text>
        ) : (
          present.map((one) => (
            <Group key={one.class} gap="xs">
              <Text size="sm" component="span" fw={600}>
                {one.count}
              </Text>
              <Text size="sm" component="span">
                <ClassName value={one.class} />
              </Text>
            </Group>
          ))
        )}
      </Group>
      {occupied.length > 0 ? (
        <Text size="sm" className="quiet">
          {t('live.zones', { names: occupied.map((zone) => names.get(zone.zone_id) ?? zone.zone_id).join(', ') })}
        </Text>
      ) : null}
    </>
  );
}
