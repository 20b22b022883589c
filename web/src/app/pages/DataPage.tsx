import { useQuery } from '@tanstack/react-query';
import { Deletions } from '@/features/data/components/Deletions';
import { Exports } from '@/features/data/components/Exports';
import { NewJob } from '@/features/data/components/NewJob';
import { camerasQuery } from '@/shared/api/cameras';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

/** Export and deletion of what one camera saw. */
export function DataPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  const query = useQuery(camerasQuery(siteId));
  const nameOf = (id: string) => query.data?.find((camera) => camera.id === id)?.settings.name || id;
  return (
    <Page width="table" title={t('data.title')} subtitle={t('data.text')}>
      <Queried query={query} shape="form">
        {(cameras) => <NewJob siteId={siteId} zone={zone} cameras={cameras} />}
      </Queried>
      <Exports siteId={siteId} zone={zone} nameOf={nameOf} />
      <Deletions siteId={siteId} zone={zone} nameOf={nameOf} />
    </Page>
  );
}
