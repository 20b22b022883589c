import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useText } from '@/shared/i18n/useText';
import { DataTable } from '@/shared/ui/DataTable';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { deletionsQuery } from '../api/queries';
import { CameraAndRange, Counts, JobState } from './parts';

/** What was deleted by time, or is being deleted, with the number of each kind. */
export function Deletions(props: { siteId: string; zone: string; nameOf: (cameraId: string) => string }) {
  const { t } = useText();
  const { zone } = props;
  const query = useQuery(deletionsQuery(props.siteId));
  return (
    <Card title={t('data.deletions')}>
      <Queried query={query} isEmpty={(list) => list.length === 0} empty={{ title: 'data.no-deletions' }}>
        {(list) => (
          <DataTable
            label={t('data.deletions')}
            columns={[t('data.range'), t('data.state'), t('data.deleted')]}
            verticalSpacing="sm"
            className="cards tops"
          >
            {list.map((job) => (
              <Table.Tr key={job.id} data-deletion={job.state}>
                <Table.Td>
                  <CameraAndRange job={job} name={props.nameOf(job.camera_id)} zone={zone} />
                </Table.Td>
                <Table.Td data-label={t('data.state')}>
                  <JobState job={job} />
                  {job.looks_again_at ? (
                    <Text size="sm" className="quiet">
                      {t('data.again')} <Moment at={job.looks_again_at} zone={zone} />
                    </Text>
                  ) : null}
                </Table.Td>
                <Table.Td data-label={t('data.deleted')}>
                  <Counts counts={job.deleted} over={job.state === 'done'} />
                </Table.Td>
              </Table.Tr>
            ))}
          </DataTable>
        )}
      </Queried>
    </Card>
  );
}
