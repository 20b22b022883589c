import { Audit } from '@/features/audit/components/Audit';
import { Clients } from '@/features/keys/components/Clients';
import { Keys } from '@/features/keys/components/Keys';
import { Members } from '@/features/people/components/Members';
import { Webhooks } from '@/features/webhooks/components/Webhooks';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function MembersPage() {
  const { t } = useText();
  const { siteId } = useSite();
  return (
    <Page width="table" title={t('members.title')} subtitle={t('members.text')}>
      <Members siteId={siteId} />
    </Page>
  );
}

export function KeysPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  return (
    <Page width="table" title={t('keys.title')} subtitle={t('keys.text')}>
      <Keys siteId={siteId} zone={zone} />
      <Clients siteId={siteId} zone={zone} />
    </Page>
  );
}

export function WebhooksPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  return (
    <Page width="table" title={t('webhooks.title')} subtitle={t('webhooks.text')}>
      <Webhooks siteId={siteId} zone={zone} />
    </Page>
  );
}

export function AuditPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  return (
    <Page width="table" title={t('audit.title')} subtitle={t('audit.text')}>
      <Audit siteId={siteId} zone={zone} />
    </Page>
  );
}
