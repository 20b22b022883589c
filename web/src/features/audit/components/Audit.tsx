import { Button, Code, Group, Table } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { api, body } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { ErrorNotice, Loading, Notice } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';

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
  const list = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isPending) return <Loading rows={8} />;
  if (query.isError && list.length === 0) {
    return <ErrorNotice error={query.error} retry={() => void query.refetch()} />;
  }
  if (list.length === 0) return <Notice title={t('audit.none')} />;
  return (
    <Card>
      <div className="table-scroll">
        <Table aria-label={t('audit.title')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('audit.when')}</Table.Th>
              <Table.Th>{t('audit.what')}</Table.Th>
              <Table.Th>{t('audit.object')}</Table.Th>
              <Table.Th>{t('audit.who')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.map((entry) => (
              <Table.Tr key={entry.id}>
                <Table.Td>
                  <Moment at={entry.at} zone={props.zone} />
                </Table.Td>
                <Table.Td>
                  <Code>{entry.action}</Code>
                </Table.Td>
                <Table.Td>{entry.object}</Table.Td>
                <Table.Td>{entry.user_id || entry.key_id || t('audit.system')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {query.hasNextPage ? (
        <Group justify="center">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('common.more')}
          </Button>
        </Group>
      ) : null}
    </Card>
  );
}
