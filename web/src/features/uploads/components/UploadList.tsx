import { Button, Group, Progress, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { formatBytes } from '@/shared/model/bytes';
import { AskingButton } from '@/shared/ui/AskingButton';
import { DataTable } from '@/shared/ui/DataTable';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { cancelUpload, deleteUpload, uploadsQuery } from '../api/queries';
import { canBeCancelled, receivedShare } from '../model/stage';

/** The files of a site, and how far their analysis is. */
export function UploadList(props: { siteId: string; zone: string; operates: boolean }) {
  const { t } = useText();
  const { siteId, zone, operates } = props;
  const query = useQuery(uploadsQuery(siteId));
  return (
    <Card>
      <Queried
        query={query}
        isEmpty={(list) => list.length === 0}
        empty={{ title: 'uploads.none', text: 'uploads.none-text' }}
      >
        {(list) => (
          <DataTable
            label={t('uploads.title')}
            columns={[t('uploads.file'), t('uploads.state'), t('uploads.created'), '']}
            className="cards tops"
          >
            {list.map((upload) => (
              <Row key={upload.id} upload={upload} zone={zone} operates={operates} />
            ))}
          </DataTable>
        )}
      </Queried>
    </Card>
  );
}

function Row(props: { upload: Schemas['Upload']; zone: string; operates: boolean }) {
  const { t, locale } = useText();
  const { upload } = props;
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries(uploadsQuery(upload.site_id));
  const cancelled = useMutation({ mutationFn: () => cancelUpload(upload.site_id, upload.id), onSettled });
  const deleted = useMutation({ mutationFn: () => deleteUpload(upload.site_id, upload.id), onSettled });
  const share = receivedShare(upload);
  const error = cancelled.error ?? deleted.error;
  return (
    <Table.Tr data-upload={upload.state}>
      <Table.Td>
        {upload.camera_id ? (
          <Link
            to="/sites/$siteId/uploads/$uploadId"
            params={{ siteId: upload.site_id, uploadId: upload.id }}
            className="link"
          >
            {upload.name}
          </Link>
        ) : (
          upload.name
        )}
        <Text size="sm" className="quiet">
          {formatBytes(upload.bytes, locale)}
        </Text>
      </Table.Td>
      <Table.Td data-label={t('uploads.state')}>
        {t(`uploads.is-${upload.state}`, { frames: upload.frames.toLocaleString(locale) })}
        {share === undefined ? null : <Progress value={share * 100} aria-label={t('uploads.received')} />}
        {upload.problem ? (
          <Text size="sm" c={upload.state === 'failed' ? 'red' : undefined} className="sentence">
            <span lang="en">{upload.problem}</span>
          </Text>
        ) : null}
        {upload.damage ? <Text size="sm">{t('uploads.damage', { text: upload.damage })}</Text> : null}
        <FailureText error={error} />
      </Table.Td>
      <Table.Td data-label={t('uploads.created')}>
        <Moment at={upload.created_at} zone={props.zone} />
      </Table.Td>
      <Table.Td>
        {props.operates ? (
          <Group gap="xs" justify="flex-end">
            {canBeCancelled(upload) ? (
              <Button size="xs" variant="default" loading={cancelled.isPending} onClick={() => cancelled.mutate()}>
                {t('common.cancel')}
              </Button>
            ) : null}
            <AskingButton
              label={t('common.remove')}
              title={t('uploads.remove', { name: upload.name })}
              text={t('uploads.remove-text')}
              action={t('uploads.remove-all')}
              isPending={deleted.isPending}
              onSure={() => deleted.mutate()}
            />
          </Group>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}
