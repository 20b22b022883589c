import { Button, Code, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { formatBytes } from '@/shared/model/bytes';
import { AskingButton } from '@/shared/ui/AskingButton';
import { DataTable } from '@/shared/ui/DataTable';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { archiveAddress, exportsQuery, removeExport } from '../api/queries';
import { isClosing, isRemovable } from '../model/jobs';
import { CameraAndRange, Counts, JobState } from './parts';

type Names = (cameraId: string) => string;

/** Archives of what cameras saw. */
export function Exports(props: { siteId: string; zone: string; nameOf: Names }) {
  const { t } = useText();
  const query = useQuery(exportsQuery(props.siteId));
  return (
    <Card title={t('data.exports')}>
      <Queried
        query={query}
        isEmpty={(list) => list.length === 0}
        empty={{ title: 'data.no-exports', text: 'data.no-exports-text' }}
      >
        {(list) => (
          <DataTable
            label={t('data.exports')}
            columns={[t('data.range'), t('data.state'), t('data.found'), '']}
            verticalSpacing="sm"
            className="cards tops"
          >
            {list.map((job) => (
              <Row key={job.id} job={job} zone={props.zone} nameOf={props.nameOf} />
            ))}
          </DataTable>
        )}
      </Queried>
    </Card>
  );
}

function Row(props: { job: Schemas['Export']; zone: string; nameOf: Names }) {
  const { t, locale } = useText();
  const { job, zone } = props;
  const client = useQueryClient();
  const now = new Date();
  const closing = isClosing(job, now);
  const downloaded = useMutation({
    mutationFn: () => archiveAddress(job),
    onSuccess: (address) => window.location.assign(address),
  });
  const removed = useMutation({
    mutationFn: () => removeExport(job),
    onSettled: () => client.invalidateQueries(exportsQuery(job.site_id)),
  });
  return (
    <Table.Tr data-export={job.state}>
      <Table.Td>
        <CameraAndRange job={job} name={props.nameOf(job.camera_id)} zone={zone} />
      </Table.Td>
      <Table.Td data-label={t('data.state')}>
        {closing ? t('data.is-closing') : <JobState job={job} />}
        {job.state === 'done' && !closing && job.expires_at ? (
          <Text size="sm" className="quiet">
            {t('data.until')} <Moment at={job.expires_at} zone={zone} />
          </Text>
        ) : null}
        {job.sha256 ? (
          <Text size="xs" maw="20rem">
            {t('data.sha256')} <Code style={{ overflowWrap: 'anywhere' }}>{job.sha256}</Code>
          </Text>
        ) : null}
        <FailureText error={downloaded.error ?? removed.error} />
      </Table.Td>
      <Table.Td data-label={t('data.found')}>
        <Counts counts={job.exported} over={job.state === 'done'} />
      </Table.Td>
      <Table.Td>
        <Stack gap="xs" align="flex-end">
          {job.state === 'done' && !closing ? (
            <Button size="xs" variant="default" loading={downloaded.isPending} onClick={() => downloaded.mutate()}>
              {t('data.download')} {job.bytes ? `(${formatBytes(job.bytes, locale)})` : null}
            </Button>
          ) : null}
          {isRemovable(job, now) ? (
            <AskingButton
              label={t('common.remove')}
              title={t('data.remove', { name: props.nameOf(job.camera_id) })}
              text={t('data.remove-text')}
              action={t('data.remove-sure')}
              isPending={removed.isPending}
              onSure={() => removed.mutate()}
            />
          ) : null}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}
