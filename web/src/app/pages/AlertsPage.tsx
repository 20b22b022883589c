import { useNavigate, useSearch } from '@tanstack/react-router';
import { Inbox } from '@/features/alerts/components/Inbox';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function AlertsPage() {
  const { t } = useText();
  const { siteId, zone, operates } = useSite();
  const filters = useSearch({ from: '/inside/sites/$siteId/alerts' });
  const navigate = useNavigate();
  return (
    <Page title={t('nav.alerts')} subtitle={t('camera.zone', { zone })}>
      <Inbox
        siteId={siteId}
        zone={zone}
        operates={operates}
        filters={filters}
        onFilters={(next) =>
          void navigate({ to: '/sites/$siteId/alerts', params: { siteId }, search: next, replace: true })
        }
      />
    </Page>
  );
}
