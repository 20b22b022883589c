import { Group, SimpleGrid, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/shared/api/client';
import { every } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { formatAge } from '@/shared/model/time';
import { DataTable } from '@/shared/ui/DataTable';
import { Technical } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { droppedText, stepText } from '../model/words';

const SERVERS = ['database', 'kafka', 's3', 'redis'] as const;
const COLOURS: Record<Schemas['ServerState'], string> = {
  ok: 'var(--state-ok)',
  failed: 'var(--state-failed)',
  not_configured: 'var(--state-off)',
};

/** The pipeline as it is. What cannot be known says why. */
export function SystemView() {
  const query = useQuery({
    queryKey: ['system'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/system/health', { signal })),
    refetchInterval: every(5_000),
  });
  return (
    <Queried query={query} shape="figures">
      {(health) => (
        <>
          <Servers servers={health.servers} />
          <div className="two-columns">
            <Workers workers={health.workers} />
            <Frames frames={health.frames} />
          </div>
          <Consumers consumers={health.consumers} />
        </>
      )}
    </Queried>
  );
}

function Servers(props: { servers: Schemas['Servers'] }) {
  const { t } = useText();
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'md' }}>
      {SERVERS.map((name) => {
        const server = props.servers[name];
        return (
          <Card key={name} title={t(`server.${name}`)}>
            <Group gap="xs">
              <span className="dot" style={{ background: COLOURS[server.state] }} aria-hidden />
              <Text size="sm">{t(`server.is-${server.state}`)}</Text>
            </Group>
            <Technical words={server.detail ?? undefined} />
          </Card>
        );
      })}
    </SimpleGrid>
  );
}

function Workers(props: { workers: Schemas['Workers'] }) {
  const { t, locale } = useText();
  const { items, dropped_frames: dropped, unknown_because: unknown } = props.workers;
  return (
    <Card title={t('system.workers')}>
      {unknown ? <Text className="quiet">{t('system.unknown', { why: unknown })}</Text> : null}
      {items.length > 0 ? (
        <DataTable
          label={t('system.workers')}
          columns={[t('system.worker'), t('system.version'), { right: t('system.cameras') }, t('system.heard')]}
        >
          {items.map((worker) => (
            <Table.Tr key={worker.name}>
              <Table.Td>
                <Group gap="xs" wrap="nowrap">
                  <span className="dot" style={{ background: COLOURS[worker.alive ? 'ok' : 'failed'] }} aria-hidden />
                  {worker.name}
                </Group>
              </Table.Td>
              <Table.Td>{worker.version}</Table.Td>
              <Table.Td ta="right">{worker.cameras}</Table.Td>
              <Table.Td>{formatAge(worker.age_seconds, locale)}</Table.Td>
            </Table.Tr>
          ))}
        </DataTable>
      ) : unknown ? null : (
        <Text>{t('system.no-workers')}</Text>
      )}
      {dropped.map((drop) => (
        <Text key={drop.reason} size="sm">
          {droppedText(drop, t)}
        </Text>
      ))}
    </Card>
  );
}

function Frames(props: { frames: Schemas['Frames'] }) {
  const { t, locale } = useText();
  const { frames } = props;
  return (
    <Card title={t('system.frames')}>
      {frames.unknown_because ? (
        <Text className="quiet">{t('system.unknown', { why: frames.unknown_because })}</Text>
      ) : (
        <>
          <Group gap="lg">
            <div>
              <span className="figure">{frames.live_cameras}</span> <span className="quiet">{t('system.live')}</span>
            </div>
            <div>
              <span className="figure">{frames.silent_cameras}</span>{' '}
              <span className="quiet">{t('system.silent')}</span>
            </div>
            {frames.files > 0 ? (
              <div>
                <span className="figure">{frames.files}</span>{' '}
                <span className="quiet">{t('system.files', { count: frames.files })}</span>
              </div>
            ) : null}
          </Group>
          {frames.newest_age_seconds == null ? null : (
            <Text size="sm">{t('system.newest', { age: formatAge(frames.newest_age_seconds, locale) })}</Text>
          )}
          {frames.silent.map((camera) => (
            <Text key={camera.camera_id} size="sm">
              {camera.camera_id}: {formatAge(camera.age_seconds, locale)}
            </Text>
          ))}
        </>
      )}
    </Card>
  );
}

function Consumers(props: { consumers: Schemas['Consumer'][] }) {
  const { t, locale } = useText();
  return (
    <Card title={t('system.consumers')}>
      <DataTable
        label={t('system.consumers')}
        columns={[t('system.consumer'), t('system.topic'), { right: t('system.lag') }]}
      >
        {props.consumers.map((consumer) => (
          <Table.Tr key={`${consumer.name} ${consumer.topic}`}>
            <Table.Td>{stepText(consumer, t)}</Table.Td>
            <Table.Td className="id">{consumer.topic}</Table.Td>
            <Table.Td ta="right">
              {consumer.lag == null ? (
                <span className="quiet">
                  {t('system.lag-unknown')}
                  <Technical words={consumer.unknown_because ?? undefined} />
                </span>
              ) : (
                consumer.lag.toLocaleString(locale)
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
    </Card>
  );
}
