import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { changeCamera, createCamera } from '@/features/cameras/api/queries';
import { CameraForm } from '@/features/cameras/components/CameraForm';
import { LiveTile } from '@/features/live/components/LiveTile';
import { cameraQuery } from '@/shared/api/cameras';
import { untilAnswered } from '@/shared/api/queries';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

export function NewCameraPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Page title={t('cameras.add')}>
      <CameraForm
        siteId={siteId}
        zone={zone}
        camera={undefined}
        save={async (wanted) => {
          const camera = await createCamera(siteId, wanted);
          await client.invalidateQueries({ queryKey: ['cameras', siteId] });
          await navigate({ to: '/sites/$siteId/cameras/$cameraId', params: { siteId, cameraId: camera.id } });
        }}
        cancel={() => void navigate({ to: '/sites/$siteId/cameras', params: { siteId } })}
      />
    </Page>
  );
}

export function EditCameraPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  const { cameraId = '' } = useParams({ strict: false });
  const navigate = useNavigate();
  const client = useQueryClient();
  // What is being edited is not replaced under the person's hands; a change by somebody else is refused when saving.
  const query = useQuery({
    ...cameraQuery(siteId, cameraId),
    refetchInterval: (asked) => (asked.state.data ? false : untilAnswered(asked)),
    refetchOnWindowFocus: false,
  });
  const back = () => navigate({ to: '/sites/$siteId/cameras/$cameraId', params: { siteId, cameraId } });
  return (
    <Page title={t('camera.edit')} subtitle={query.data?.value.settings.name}>
      <Queried
        query={query}
        rows={8}
        leave={
          <Link to="/sites/$siteId/cameras/$cameraId" params={{ siteId, cameraId }} className="link">
            {t('leave.camera')}
          </Link>
        }
      >
        {({ value: camera, etag }) => (
          <CameraForm
            siteId={siteId}
            zone={zone}
            camera={camera}
            live={(onRatio) => <LiveTile camera={camera} rendition="full" plain onRatio={onRatio} />}
            save={async (wanted) => {
              await changeCamera(siteId, cameraId, etag, wanted);
              await client.invalidateQueries({ queryKey: ['cameras', siteId] });
              await back();
            }}
            cancel={() => void back()}
          />
        )}
      </Queried>
    </Page>
  );
}
