import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { AlertTitle } from '@/features/alerts/components/AlertWords';
import { CountsOfFile } from '@/features/statistics/components/CountsOfFile';
import { uploadQuery } from '@/features/uploads/api/queries';
import { AlertsInFile, TracksInFile } from '@/features/uploads/components/FoundInFile';
import { Player, type Wanted } from '@/features/uploads/components/Player';
import { SendFile } from '@/features/uploads/components/SendFile';
import { UploadList } from '@/features/uploads/components/UploadList';
import { cameraQuery } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Notice, Queried } from '@/shared/ui/StateView';

export function UploadsPage() {
  const { t } = useText();
  const { siteId, zone, operates } = useSite();
  return (
    <Page width="table" title={t('uploads.title')} subtitle={t('uploads.text')}>
      {operates ? <SendFile siteId={siteId} /> : null}
      <UploadList siteId={siteId} zone={zone} operates={operates} />
    </Page>
  );
}

/** One upload: its video with what was found in each picture, and what that comes to. */
export function UploadPage() {
  const { t, locale } = useText();
  const { siteId } = useSite();
  const { uploadId = '' } = useParams({ strict: false });
  const query = useQuery(uploadQuery(siteId, uploadId));
  return (
    <Queried
      query={query}
      shape="columns"
      title={t('uploads.title')}
      leave={
        <Link to="/sites/$siteId/uploads" params={{ siteId }} className="link">
          {t('leave.uploads')}
        </Link>
      }
    >
      {(upload) => (
        <Page
          title={upload.name}
          subtitle={t(`uploads.is-${upload.state}`, { frames: upload.frames.toLocaleString(locale) })}
          actions={
            <Button
              variant="default"
              renderRoot={(props) => <Link to="/sites/$siteId/uploads" params={{ siteId }} {...props} />}
            >
              {t('playback.back-to-list')}
            </Button>
          }
        >
          {upload.camera_id ? (
            <Found upload={upload} cameraId={upload.camera_id} />
          ) : (
            <Notice title={t('playback.none')}>{upload.problem ?? t('playback.none-text')}</Notice>
          )}
        </Page>
      )}
    </Queried>
  );
}

function Found(props: { upload: Schemas['Upload']; cameraId: string }) {
  const { upload, cameraId } = props;
  const { siteId, zone } = useSite();
  const query = useQuery(cameraQuery(siteId, cameraId));
  const [wanted, setWanted] = useState<Wanted>();
  const [duration, setDuration] = useState<number>();
  const onSeek = useCallback((seconds: number) => setWanted({ seconds }), []);
  return (
    <Queried query={query} shape="columns">
      {({ value: camera }) => {
        const { zones = [], lines = [] } = camera.settings;
        const cameras = new Map([[camera.id, camera]]);
        return (
          <div className="two-columns">
            <Stack gap="md">
              <Player upload={upload} shapes={{ zones, lines }} wanted={wanted} onDuration={setDuration} />
              <CountsOfFile
                siteId={siteId}
                camera={camera}
                startTime={upload.start_time}
                seconds={duration}
                zone={zone}
              />
            </Stack>
            <Stack gap="md">
              <AlertsInFile
                upload={upload}
                cameraId={cameraId}
                onSeek={onSeek}
                title={(alert) => <AlertTitle alert={alert} cameras={cameras} />}
              />
              <TracksInFile upload={upload} cameraId={cameraId} onSeek={onSeek} />
            </Stack>
          </div>
        );
      }}
    </Queried>
  );
}
