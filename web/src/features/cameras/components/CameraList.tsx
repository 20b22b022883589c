import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { Queried } from '@/shared/ui/StateView';
import { liveQuery } from '../api/queries';
import { HEALTH_COLOURS, health, healthText, inOrder } from '../model/health';
import { WhoIsThere } from './WhoIsThere';

/** The cameras of a site: first those that nobody sees. */
export function CameraList(props: { siteId: string; add: ReactNode; tile?: (camera: Schemas['Camera']) => ReactNode }) {
  const cameras = useQuery({ ...camerasQuery(props.siteId), select: withoutFiles });
  const live = useQuery(liveQuery(props.siteId));
  const states = live.data ?? new Map<string, Schemas['LiveCamera']>();
  return (
    <Queried
      query={cameras}
      isEmpty={(list) => list.length === 0}
      empty={{ title: 'cameras.none', text: 'cameras.none-text', action: props.add }}
    >
      {(list) => (
        <div className="grid-cameras" style={{ '--cards': list.length } as React.CSSProperties}>
          {inOrder(list, states).map((camera) => (
            <CameraTile key={camera.id} camera={camera} live={states.get(camera.id)} picture={props.tile?.(camera)} />
          ))}
        </div>
      )}
    </Queried>
  );
}

function CameraTile(props: { camera: Schemas['Camera']; live: Schemas['LiveCamera'] | undefined; picture: ReactNode }) {
  const { t } = useText();
  const { camera, live } = props;
  const open = live?.open_alerts?.length ?? 0;
  return (
    <article className="card" data-camera={camera.id} data-health={health(camera, live)}>
      {props.picture}
      <Stack gap="xs" p="md">
        <Link
          to="/sites/$siteId/cameras/$cameraId"
          params={{ siteId: camera.site_id, cameraId: camera.id }}
          className="link"
        >
          <Text component="span" fw={600}>
            {camera.settings.name || camera.id}
          </Text>
        </Link>
        <HealthLine camera={camera} live={live} />
        <WhoIsThere live={live} zones={camera.settings.zones ?? []} />
        {open > 0 ? <Text size="sm">{t('cameras.open-alerts', { count: open })}</Text> : null}
      </Stack>
    </article>
  );
}

export function HealthLine(props: { camera: Schemas['Camera']; live: Schemas['LiveCamera'] | undefined }) {
  const { t } = useText();
  return (
    <Group gap="xs" wrap="nowrap" align="center">
      <span className="dot" style={{ background: HEALTH_COLOURS[health(props.camera, props.live)] }} aria-hidden />
      <Text size="sm">{healthText(props.camera, props.live, t)}</Text>
    </Group>
  );
}
