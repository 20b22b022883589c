import { Button, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, done } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { versionsQuery } from '../api/queries';

/** Every version of the camera's settings; an older one can be taken back. */
export function Versions(props: { siteId: string; cameraId: string; etag: string; zone: string; operates: boolean }) {
  const { t } = useText();
  const { siteId, cameraId } = props;
  const query = useQuery(versionsQuery(siteId, cameraId));
  const client = useQueryClient();
  const restored = useMutation({
    mutationFn: (version: number) =>
      done(
        api.POST('/api/v1/sites/{site_id}/cameras/{camera_id}/restore', {
          params: { path: { site_id: siteId, camera_id: cameraId }, header: { 'if-match': props.etag } },
          body: { version },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['cameras', siteId] }),
  });
  return (
    <Card title={t('versions.title')}>
      <Queried query={query} rows={2}>
        {({ items }) => (
          <>
            {items.map((version, index) => (
              <div key={version.version} className="line">
                <Text size="sm">
                  {t('versions.version', { number: version.version })} · <Moment at={version.at} zone={props.zone} />
                </Text>
                {index > 0 && props.operates && !version.deleted ? (
                  <Button
                    size="xs"
                    variant="default"
                    loading={restored.isPending && restored.variables === version.version}
                    onClick={() => restored.mutate(version.version)}
                  >
                    {t('versions.restore')}
                  </Button>
                ) : index === 0 ? (
                  <Text size="sm" className="quiet">
                    {t('versions.current')}
                  </Text>
                ) : null}
              </div>
            ))}
          </>
        )}
      </Queried>
      <FailureText error={restored.error} titled />
    </Card>
  );
}
