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

/** Keys with which programs use the API of the site. A key is shown once. */
export function Keys(props: { siteId: string; zone: string }) {
  const { t } = useText();
  const { siteId, zone } = props;
  const client = useQueryClient();
  const path = { site_id: siteId };
  const query = useQuery({
    queryKey: ['keys', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(api.GET('/api/v1/sites/{site_id}/keys', { params: { path, query: { limit: 100, cursor } }, signal })),
      ),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['keys', siteId] });
  const made = useMutation({
    mutationFn: (wanted: Schemas['NewKey']) =>
      body(api.POST('/api/v1/sites/{site_id}/keys', { params: { path }, body: wanted })),
    onSuccess: refresh,
  });
  const revoked = useMutation({
    mutationFn: (id: string) =>
      done(api.DELETE('/api/v1/sites/{site_id}/keys/{key_id}', { params: { path: { ...path, key_id: id } } })),
    onSettled: refresh,
  });
  return (
    <>
      <Card title={t('keys.add')}>
        <AccessForm onWanted={made.mutate} isPending={made.isPending} made={made.data?.id ?? ''} />
        {made.data ? (
          <Stack role="status" gap="xs">
            <Text size="sm">{t('keys.once')}</Text>
            <Secret value={made.data.token} />
          </Stack>
        ) : null}
        <FailureText error={made.error} />
      </Card>
      <Card title={t('keys.title')}>
        <FailureText error={revoked.error} />
        <Queried
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={{ title: 'keys.none', text: 'keys.none-text' }}
        >
          {(list) => (
            <AccessTable
              title={t('keys.title')}
              list={list}
              zone={zone}
              withIds={false}
              revoking={revoked.isPending ? revoked.variables : undefined}
              onRevoke={revoked.mutate}
            />
          )}
        </Queried>
      </Card>
    </>
  );
}
