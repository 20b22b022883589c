import { Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Secret } from '@/shared/ui/Secret';
import { Queried } from '@/shared/ui/StateView';
import { AccessForm } from './AccessForm';
import { AccessTable } from './AccessTable';

/** Clients with which programs get tokens. The secret of a client is shown once. */
export function Clients(props: { siteId: string; zone: string }) {
  const { t } = useText();
  const { siteId, zone } = props;
  const client = useQueryClient();
  const path = { site_id: siteId };
  const query = useQuery({
    queryKey: ['clients', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(api.GET('/api/v1/sites/{site_id}/clients', { params: { path, query: { limit: 100, cursor } }, signal })),
      ),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['clients', siteId] });
  const made = useMutation({
    mutationFn: (wanted: Schemas['NewKey']) =>
      body(api.POST('/api/v1/sites/{site_id}/clients', { params: { path }, body: wanted })),
    onSuccess: refresh,
  });
  const revoked = useMutation({
    mutationFn: (id: string) =>
      done(api.DELETE('/api/v1/sites/{site_id}/clients/{client_id}', { params: { path: { ...path, client_id: id } } })),
    onSettled: refresh,
  });
  return (
    <>
      <Card title={t('clients.add')}>
        <Text size="sm" className="quiet">
          {t('clients.text')}
        </Text>
        <AccessForm onWanted={made.mutate} isPending={made.isPending} made={made.data?.id ?? ''} />
        {made.data ? (
          <Stack role="status" gap="xs">
            <Text size="sm">{t('clients.once')}</Text>
            <Secret value={made.data.id} />
            <Secret value={made.data.client_secret} />
          </Stack>
        ) : null}
        <FailureText error={made.error} />
      </Card>
      <Card title={t('clients.title')}>
        <FailureText error={revoked.error} />
        <Queried
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={{ title: 'clients.none', text: 'clients.none-text' }}
        >
          {(list) => (
            <AccessTable
              title={t('clients.title')}
              list={list}
              zone={zone}
              withIds
              revoking={revoked.isPending ? revoked.variables : undefined}
              onRevoke={revoked.mutate}
            />
          )}
        </Queried>
      </Card>
    </>
  );
}
