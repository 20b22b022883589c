import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { StatisticsView } from '@/features/statistics/components/StatisticsView';
import { siteQuery } from '@/shared/api/sites';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

export function StatisticsPage() {
  const { t } = useText();
  const { siteId, site, zone } = useSite();
  const query = useQuery(siteQuery(siteId));
  const search = useSearch({ from: '/inside/sites/$siteId/statistics' });
  const navigate = useNavigate();
  return (
    <Page width="full" title={t('nav.statistics')} subtitle={t('statistics.text', { zone })}>
      {/* Days are those of the site's zone: nothing is asked before it is known. */}
      {site ? (
        <StatisticsView
          siteId={siteId}
          zone={zone}
          search={search}
          onSearch={(next) => void navigate({ to: '/sites/$siteId/statistics', params: { siteId }, search: next })}
        />
      ) : (
        <Queried query={query} shape="charts">
          {() => null}
        </Queried>
      )}
    </Page>
  );
}
