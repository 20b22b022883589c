import { Button, Code, Group, MultiSelect, NativeSelect, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { useText } from '@/shared/i18n/useText';
import { words } from '@/shared/model/search';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { expiry, SCOPES } from '../model/scopes';

const LIFETIMES = ['30', '90', '365'];

/** Keys with which programs use the API of the site. A key is shown once. */
export function Keys(props: { siteId: string; zone: string }) {
  const { t } = useText();
  const { siteId, zone } = props;
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['keys', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/keys', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['keys', siteId] });
  const revoked = useMutation({
    mutationFn: (id: string) =>
      done(api.DELETE('/api/v1/sites/{site_id}/keys/{key_id}', { params: { path: { site_id: siteId, key_id: id } } })),
    onSettled: refresh,
  });
  return (
    <>
      <NewKey siteId={siteId} onMade={refresh} />
      <Card>
        <FailureText error={revoked.error} />
        <Queried
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={{ title: 'keys.none', text: 'keys.none-text' }}
        >
          {(list) => (
            <div className="table-scroll">
              <Table aria-label={t('keys.title')}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t('keys.name')}</Table.Th>
                    <Table.Th>{t('keys.scopes')}</Table.Th>
                    <Table.Th>{t('keys.expires')}</Table.Th>
                    <Table.Th>{t('keys.used')}</Table.Th>
                    <Table.Th />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {list.map((key) => (
                    <Table.Tr key={key.id}>
                      <Table.Td>{key.name}</Table.Td>
                      <Table.Td>{key.scopes.join(', ')}</Table.Td>
                      <Table.Td>
                        <Moment at={key.expires_at} zone={zone} />
                      </Table.Td>
                      <Table.Td>{key.used_at ? <Moment at={key.used_at} zone={zone} /> : t('keys.never')}</Table.Td>
                      <Table.Td ta="right">
                        <Button size="xs" variant="subtle" onClick={() => revoked.mutate(key.id)}>
                          {t('keys.revoke')}
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )}
        </Queried>
      </Card>
    </>
  );
}

function NewKey(props: { siteId: string; onMade: () => unknown }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Schemas['Scope'][]>(['counts:read']);
  const [days, setDays] = useState('90');
  const made = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/sites/{site_id}/keys', {
          params: { path: { site_id: props.siteId } },
          body: { name, scopes, expires_at: expiry(new Date(), Number(days)) },
        }),
      ),
    onSuccess: () => {
      setName('');
      props.onMade();
    },
  });
  return (
    <Card title={t('keys.add')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (scopes.length > 0) made.mutate();
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            label={t('keys.name')}
            value={name}
            required
            maxLength={100}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <MultiSelect
            label={t('keys.scopes')}
            value={scopes}
            data={[...SCOPES]}
            onChange={(value) => setScopes(words(value, SCOPES) ?? [])}
          />
          <NativeSelect
            label={t('keys.lifetime')}
            value={days}
            data={LIFETIMES.map((value) => ({ value, label: t('keys.days', { count: Number(value) }) }))}
            onChange={(event) => setDays(event.currentTarget.value)}
          />
          <Button type="submit" loading={made.isPending} disabled={scopes.length === 0}>
            {t('common.add')}
          </Button>
        </Group>
      </form>
      {made.data ? (
        <Text role="status" size="sm">
          {t('keys.once')} <Code>{made.data.token}</Code>
        </Text>
      ) : null}
      <FailureText error={made.error} />
    </Card>
  );
}
