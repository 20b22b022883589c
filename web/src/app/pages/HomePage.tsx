import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { SiteForm } from '@/features/sites/components/SiteForm';
import { sessionQuery } from '@/shared/api/session';
import { useText } from '@/shared/i18n/useText';
import { Card, Page } from '@/shared/ui/Page';
import { Notice } from '@/shared/ui/StateView';

/** Somebody who sees no site: an admin adds the first one, others wait to be let in. */
export function HomePage() {
  const { t } = useText();
  const session = useQuery(sessionQuery).data;
  if (session?.user.system_admin) return <NewSitePage />;
  return <Notice title={t('home.no-site')}>{t('home.no-site-text')}</Notice>;
}

export function NewSitePage() {
  const { t } = useText();
  const navigate = useNavigate();
  return (
    <Page title={t('site.new')} subtitle={t('site.new-text')}>
      <Card>
        <SiteForm onSaved={(site) => void navigate({ to: '/sites/$siteId/cameras', params: { siteId: site.id } })} />
      </Card>
    </Page>
  );
}
