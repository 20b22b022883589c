import { Button, Group, Table, Text } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { camerasQuery } from '@/shared/api/cameras';
import { api, body, type Schemas } from '@/shared/api/client';
import { membersQuery, usersQuery } from '@/shared/api/people';
import { sessionQuery } from '@/shared/api/session';
import { useText } from '@/shared/i18n/useText';
import { DataTable } from '@/shared/ui/DataTable';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { actionText, pageOf } from '../model/action';

const auditQuery = (siteId: string) =>
  infiniteQueryOptions({
    queryKey: ['audit', siteId],
    queryFn: ({ signal, pageParam }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/audit', {
          params: { path: { site_id: siteId }, query: { limit: 50, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** Who changed what, the newest first. */
export function Audit(props: { siteId: string; zone: string }) {
  const { t } = useText();
  const query = useInfiniteQuery(auditQuery(props.siteId));
  const names = useNames(props.siteId);
  const list = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card>
      <Queried
        query={query}
        rows={8}
        isEmpty={() => list.length === 0}
        empty={{ title: 'audit.none', text: 'audit.none-text' }}
      >
        {() => (
          <>
            <DataTable
              label={t('audit.title')}
              columns={[t('audit.when'), t('audit.what'), t('audit.object'), t('audit.who')]}
              className="cards"
            >
              {list.map((entry) => (
                <Table.Tr key={entry.id}>
                  <Table.Td>
                    <Moment at={entry.at} zone={props.zone} />
                  </Table.Td>
                  <Table.Td data-label={t('audit.what')}>
                    <span title={entry.action}>{actionText(entry.action, t)}</span>
                  </Table.Td>
                  <Table.Td data-label={t('audit.object')}>
                    <What siteId={props.siteId} entry={entry} names={names} />
                  </Table.Td>
                  <Table.Td data-label={t('audit.who')}>
                    {nameOf(entry.user_id || entry.key_id, names) ?? t('audit.system')}
                  </Table.Td>
                </Table.Tr>
              ))}
            </DataTable>
            {query.hasNextPage ? (
              <Group justify="center">
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('common.more')}
                </Button>
              </Group>
            ) : null}
          </>
        )}
      </Queried>
    </Card>
  );
}

function nameOf(id: string | null | undefined, names: ReadonlyMap<string, string>): string | undefined {
  return id ? (names.get(id) ?? id) : undefined;
}

/** The end of an id is enough to tell it from others. */
function short(id: string): string {
  return id.length > 12 ? `…${id.slice(-8)}` : id;
}

/** The names of people and cameras by their ids. Of who left the site, only a system admin sees the name. */
function useNames(siteId: string): ReadonlyMap<string, string> {
  const session = useQuery(sessionQuery).data;
  const members = useQuery(membersQuery(siteId)).data ?? [];
  const users = useQuery({ ...usersQuery, enabled: session?.user.system_admin === true }).data ?? [];
  const cameras = useQuery(camerasQuery(siteId)).data ?? [];
  return new Map([
    ...members.map((member) => [member.user_id, member.display_name] as const),
    ...users.map((user) => [user.id, user.display_name] as const),
    ...cameras.map((camera) => [camera.id, camera.settings.name || camera.id] as const),
  ]);
}

function What(props: { siteId: string; entry: Schemas['AuditEntry']; names: ReadonlyMap<string, string> }) {
  const { siteId, entry, names } = props;
  const id = entry.object;
  const name = names.get(id) ?? id;
  switch (pageOf(entry.action)) {
    case 'camera':
      return (
        <Link to="/sites/$siteId/cameras/$cameraId" params={{ siteId, cameraId: id }} className="link">
          {name}
        </Link>
      );
    case 'alert':
      return (
        <Link to="/sites/$siteId/alerts" params={{ siteId }} search={{ state: 'all', alert: id }} className="link id">
          {short(id)}
        </Link>
      );
    case 'track':
      return (
        <Link to="/sites/$siteId/tracks/$trackId" params={{ siteId, trackId: id }} className="link id">
          {short(id)}
        </Link>
      );
    case 'upload':
      return (
        <Link to="/sites/$siteId/uploads/$uploadId" params={{ siteId, uploadId: id }} className="link id">
          {short(id)}
        </Link>
      );
    default:
      return (
        <Text component="span" size="sm" className={names.has(id) ? undefined : 'id'} title={id}>
          {names.has(id) ? name : short(id)}
        </Text>
      );
  }
}
