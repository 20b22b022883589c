import { Button, Group, NativeSelect, Table, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done, type Schemas } from '@/shared/api/client';
import { membersQuery } from '@/shared/api/people';
import { useText } from '@/shared/i18n/useText';
import { word } from '@/shared/model/search';
import { AskingButton } from '@/shared/ui/AskingButton';
import { DataTable } from '@/shared/ui/DataTable';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

const ROLES: readonly Schemas['Role'][] = ['viewer', 'operator', 'admin'];

/** Who may do what at the site. */
export function Members(props: { siteId: string }) {
  const { t } = useText();
  const { siteId } = props;
  const client = useQueryClient();
  const query = useQuery(membersQuery(siteId));
  const [name, setName] = useState('');
  const [role, setRole] = useState<Schemas['Role']>('viewer');
  const refresh = () => client.invalidateQueries({ queryKey: ['members', siteId] });
  const added = useMutation({
    mutationFn: () =>
      done(
        api.POST('/api/v1/sites/{site_id}/members', { params: { path: { site_id: siteId } }, body: { name, role } }),
      ),
    onSuccess: () => {
      setName('');
      return refresh();
    },
  });
  const changed = useMutation({
    mutationFn: (member: { id: string; role: Schemas['Role'] | null }) => {
      const params = { path: { site_id: siteId, user_id: member.id } };
      return member.role
        ? done(api.PUT('/api/v1/sites/{site_id}/members/{user_id}', { params, body: { role: member.role } }))
        : done(api.DELETE('/api/v1/sites/{site_id}/members/{user_id}', { params }));
    },
    onSettled: refresh,
  });
  const roles = ROLES.map((value) => ({ value, label: t(`role.${value}`) }));
  const error = added.error ?? changed.error;
  return (
    <>
      <Card title={t('members.add')}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            added.mutate();
          }}
        >
          <Group align="flex-end" gap="sm">
            <TextInput
              label={t('members.name')}
              value={name}
              required
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <NativeSelect
              label={t('members.role')}
              value={role}
              data={roles}
              onChange={(event) => setRole(word(event.currentTarget.value, ROLES) ?? 'viewer')}
            />
            <Button type="submit" loading={added.isPending}>
              {t('common.add')}
            </Button>
          </Group>
        </form>
        <FailureText error={error} />
      </Card>
      <Card>
        <Queried
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={{ title: 'members.none', text: 'members.none-text' }}
        >
          {(list) => (
            <DataTable
              label={t('members.title')}
              className="cards"
              columns={[t('users.person'), t('members.role'), '']}
            >
              {list.map((member) => (
                <Table.Tr key={member.user_id}>
                  <Table.Td>
                    {member.display_name} <span className="quiet">{member.name}</span>
                  </Table.Td>
                  <Table.Td>
                    <NativeSelect
                      size="xs"
                      w="10rem"
                      aria-label={t('members.role-of', { name: member.name })}
                      value={member.role}
                      data={roles}
                      onChange={(event) => {
                        const next = word(event.currentTarget.value, ROLES);
                        if (next) changed.mutate({ id: member.user_id, role: next });
                      }}
                    />
                  </Table.Td>
                  <Table.Td className="end">
                    <AskingButton
                      label={t('common.remove')}
                      title={t('members.remove', { name: member.display_name })}
                      text={t('members.remove-text')}
                      action={t('members.remove-sure')}
                      isPending={
                        changed.isPending && changed.variables.id === member.user_id && changed.variables.role === null
                      }
                      onSure={() => changed.mutate({ id: member.user_id, role: null })}
                    />
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
