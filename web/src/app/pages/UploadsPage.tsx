import { SendFile } from '@/features/uploads/components/SendFile';
import { UploadList } from '@/features/uploads/components/UploadList';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function UploadsPage() {
  const { t } = useText();
  const { siteId, zone, operates } = useSite();
  return (
    <Page title={t('uploads.title')} subtitle={t('uploads.text')}>
      {operates ? <SendFile siteId={siteId} /> : null}
      <UploadList siteId={siteId} zone={zone} operates={operates} />
    </Page>
  );
}
