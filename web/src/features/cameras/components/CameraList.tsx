import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { isDenied } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { Outdated, Queried } from '@/shared/ui/StateView';
import { liveQuery } from '../api/queries';
import { HEALTH_COLOURS, health, healthText, inOrder, type LiveStates } from '../model/health';
import { WhoIsThere } from './WhoIsThere';

/** The cameras of a site: first those that nobody sees. */
export function CameraList(props: { siteId: string; add: ReactNode; tile?: (camera: Schemas['Camera']) => ReactNode }) {
  const cameras = useQuery({ ...camerasQuery(props.siteId), select: withoutFiles });
  const live = useQuery(liveQuery(props.siteId));
  const states = isDenied(live.error) ? undefined : live.data;
  return (
    <Queried
      query={cameras}
      shape="tiles"
      isEmpty={(list) => list.length === 0}
      empty={{ title: 'cameras.none', text: 'cameras.none-text', action: props.add }}
    >
      {(list) => (
        <>
          <Outdated query={live} />
          <div className="grid-cameras" style={{ '--cards': list.length } as React.CSSProperties}>
            {inOrder(list, states).map((camera) => (
              <CameraTile key={camera.id} camera={camera} states={states} picture={props.tile?.(camera)} />
            ))}
          </div>
        </>
      )}
    </Queried>
  );
}

function CameraTile(props: { camera: Schemas['Camera']; states: LiveStates; picture: ReactNode }) {
  const { t } = useText();
  const { camera, states } = props;
  const live = states?.get(camera.id);
  const open = live?.open_alerts?.length ?? 0;
  return (
    <article className="card" data-camera={camera.id} data-health={health(camera, states)}>
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
        <HealthLine camera={camera} states={states} />
        <WhoIsThere live={live} zones={camera.settings.zones ?? []} />
        {open > 0 ? <Text size="sm">{t('cameras.open-alerts', { count: open })}</Text> : null}
      </Stack>
    </article>
  );
}

export function HealthLine(props: { camera: Schemas['Camera']; states: LiveStates }) {
  const { t } = useText();
  return (
    <Group gap="xs" wrap="nowrap" align="center">
      <span className="dot" style={{ background: HEALTH_COLOURS[health(props.camera, props.states)] }} aria-hidden />
      <Text size="sm">{healthText(props.camera, props.states, t)}</Text>
    </Group>
  );
}
