import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, useParams } from '@tanstack/react-router';
import { LatestAlerts } from '@/features/alerts/components/LatestAlerts';
import { NewestPicture } from '@/features/alerts/components/NewestPicture';
import { CameraNow } from '@/features/cameras/components/CameraNow';
import { Versions } from '@/features/cameras/components/Versions';
import { LiveTile } from '@/features/live/components/LiveTile';
import { CountsToday } from '@/features/statistics/components/CountsToday';
import { HeatMap } from '@/features/statistics/components/HeatMap';
import { LatestTracks } from '@/features/tracks/components/LatestTracks';
import { cameraQuery } from '@/shared/api/cameras';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

/** One camera: who is there now, what was counted today, and what happened last. */
export function CameraPage() {
  const { t } = useText();
  const { siteId, zone, operates } = useSite();
  const { cameraId = '' } = useParams({ strict: false });
  const query = useQuery(cameraQuery(siteId, cameraId));
  return (
    <Queried
      query={query}
      shape="columns"
      title={t('common.camera')}
      leave={
        <Link to="/sites/$siteId/cameras" params={{ siteId }} className="link">
          {t('leave.cameras')}
        </Link>
      }
    >
      {({ value: camera, etag }) =>
        camera.upload_id ? (
          <Navigate to="/sites/$siteId/uploads/$uploadId" params={{ siteId, uploadId: camera.upload_id }} replace />
        ) : (
          <Page
            title={camera.settings.name || camera.id}
            subtitle={camera.pending ? t('camera.pending') : t('camera.zone', { zone })}
            actions={
              operates ? (
                <Button
                  variant="default"
                  renderRoot={(props) => (
                    <Link to="/sites/$siteId/cameras/$cameraId/edit" params={{ siteId, cameraId }} {...props} />
                  )}
                >
                  {t('camera.edit')}
                </Button>
              ) : null
            }
          >
            <div className="two-columns">
              <Stack gap="md">
                <CameraNow
                  siteId={siteId}
                  camera={camera}
                  operates={operates}
                  picture={<LiveTile camera={camera} rendition="full" />}
                />
                <CountsToday siteId={siteId} camera={camera} zone={zone} />
              </Stack>
              <Stack gap="md">
                <LatestAlerts siteId={siteId} camera={camera} zone={zone} />
                <HeatMap
                  siteId={siteId}
                  cameraId={camera.id}
                  zone={zone}
                  picture={(heat) => (
                    <NewestPicture siteId={siteId} cameraId={camera.id} alt={t('camera.heat-picture')}>
                      {heat}
                    </NewestPicture>
                  )}
                />
                <LatestTracks siteId={siteId} cameraId={camera.id} zone={zone} />
                <Versions siteId={siteId} cameraId={camera.id} etag={etag} zone={zone} operates={operates} />
              </Stack>
            </div>
          </Page>
        )
      }
    </Queried>
  );
}
