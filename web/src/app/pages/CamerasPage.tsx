import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { CameraList } from '@/features/cameras/components/CameraList';
import { LiveTile } from '@/features/live/components/LiveTile';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function CamerasPage() {
  const { t } = useText();
  const { siteId, site, operates } = useSite();
  const add = operates ? (
    <Button renderRoot={(props) => <Link to="/sites/$siteId/cameras/new" params={{ siteId }} {...props} />}>
      {t('cameras.add')}
    </Button>
  ) : null;
  return (
    <Page width="full" title={t('nav.cameras')} subtitle={site?.name} actions={add}>
      <CameraList siteId={siteId} add={add} tile={(camera) => <LiveTile camera={camera} rendition="tile" />} />
    </Page>
  );
}
