import { Button, Checkbox, Group, PasswordInput, Table, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { usersQuery } from '@/shared/api/people';
import { useText } from '@/shared/i18n/useText';
import { formatDay } from '@/shared/model/time';
import { DataTable } from '@/shared/ui/DataTable';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

/** The people of the whole system; what they may do at a site, its admins say. */
export function Users() {
  const { t, locale } = useText();
  const client = useQueryClient();
  const query = useQuery(usersQuery);
  const refresh = () => client.invalidateQueries({ queryKey: ['users'] });
  const changed = useMutation({
    mutationFn: async (change: { user: Schemas['User']; disabled: boolean }) => {
      const path = { user_id: change.user.id };
      const found = await api.GET('/api/v1/users/{user_id}', { params: { path } });
      const { display_name, system_admin } = change.user;
      await done(
        api.PUT('/api/v1/users/{user_id}', {
          params: { path, header: { 'if-match': found.response.headers.get('etag') ?? '' } },
          body: { display_name, system_admin, disabled: change.disabled },
        }),
      );
    },
    onSettled: refresh,
  });
  return (
    <>
      <NewUser onAdded={refresh} />
      <Card>
        <FailureText error={changed.error} />
        <Queried query={query}>
          {(list) => (
            <DataTable
              label={t('users.title')}
              columns={[t('users.person'), t('users.rights'), t('users.since'), '']}
              className="cards"
            >
              {list.map((user) => (
                <Table.Tr key={user.id}>
                  <Table.Td>
                    {user.display_name} <span className="quiet">{user.name}</span>
                  </Table.Td>
                  <Table.Td data-label={t('users.rights')} className="nowrap">
                    {user.system_admin ? t('users.system-admin') : '–'}
                    {user.disabled ? ` · ${t('users.disabled')}` : ''}
                  </Table.Td>
                  <Table.Td data-label={t('users.since')} className="nowrap">
                    {formatDay(user.created_at, 'UTC', locale)}
                  </Table.Td>
                  <Table.Td className="end">
                    <Button
                      size="xs"
                      variant="subtle"
                      onClick={() => changed.mutate({ user, disabled: !user.disabled })}
                    >
                      {t(user.disabled ? 'users.enable' : 'users.disable')}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </DataTable>
          )}
        </Queried>
      </Card>
    </>
  );
}

function NewUser(props: { onAdded: () => unknown }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [admin, setAdmin] = useState(false);
  const added = useMutation({
    mutationFn: () =>
      body(api.POST('/api/v1/users', { body: { name, display_name: name, password, system_admin: admin } })),
    onSuccess: () => {
      setName('');
      setPassword('');
      setAdmin(false);
      props.onAdded();
    },
  });
  return (
    <Card title={t('users.add')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          added.mutate();
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            label={t('sign-in.name')}
            value={name}
            autoComplete="off"
            required
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('sign-in.password')}
            w="14rem"
            value={password}
            autoComplete="new-password"
            minLength={12}
            required
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Checkbox
            label={t('users.system-admin')}
            checked={admin}
            onChange={(event) => setAdmin(event.currentTarget.checked)}
            pb="xs"
          />
          <Button type="submit" loading={added.isPending}>
            {t('common.add')}
          </Button>
        </Group>
      </form>
      <FailureText error={added.error} />
    </Card>
  );
}
