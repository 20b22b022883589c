import { Code, Table } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { AskingButton } from '@/shared/ui/AskingButton';
import { DataTable } from '@/shared/ui/DataTable';
import { Moment } from '@/shared/ui/Words';

/** Keys, or clients with the ids that programs name. */
export function AccessTable(props: {
  title: string;
  list: Schemas['ApiKey'][];
  zone: string;
  withIds: boolean;
  /** The one that is being revoked. */
  revoking: string | undefined;
  onRevoke: (id: string) => void;
}) {
  const { t } = useText();
  const { zone, withIds } = props;
  return (
    <DataTable
      label={props.title}
      columns={[
        t('keys.name'),
        ...(withIds ? [t('clients.id')] : []),
        t('keys.scopes'),
        t('keys.expires'),
        t('keys.used'),
        '',
      ]}
      className="cards"
    >
      {props.list.map((one) => (
        <Table.Tr key={one.id}>
          <Table.Td>{one.name}</Table.Td>
          {withIds ? (
            <Table.Td data-label={t('clients.id')}>
              <Code>{one.id}</Code>
            </Table.Td>
          ) : null}
          <Table.Td data-label={t('keys.scopes')}>{one.scopes.join(', ')}</Table.Td>
          <Table.Td data-label={t('keys.expires')}>
            <Moment at={one.expires_at} zone={zone} />
          </Table.Td>
          <Table.Td data-label={t('keys.used')}>
            {one.used_at ? <Moment at={one.used_at} zone={zone} /> : t('keys.never')}
          </Table.Td>
          <Table.Td className="end">
            <AskingButton
              label={t('keys.revoke')}
              title={t('keys.revoke-title', { name: one.name })}
              text={t('keys.revoke-text')}
              action={t('keys.revoke-sure')}
              isPending={props.revoking === one.id}
              onSure={() => props.onRevoke(one.id)}
            />
          </Table.Td>
        </Table.Tr>
      ))}
    </DataTable>
  );
}
