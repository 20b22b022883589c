import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Wall } from '@/features/live/components/Wall';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

export function WallPage() {
  const { t } = useText();
  const { siteId, operates } = useSite();
  const search = useSearch({ from: '/inside/sites/$siteId/wall' });
  const navigate = useNavigate();
  const query = useQuery({ ...camerasQuery(siteId), select: withoutFiles });
  return (
    <Page width="full" title={t('nav.wall')} subtitle={t('wall.text')}>
      <Queried
        query={query}
        shape="tiles"
        isEmpty={(cameras) => cameras.length === 0}
        empty={{
          title: 'cameras.none',
          text: 'cameras.none-text',
          action: operates ? (
            <Button renderRoot={(props) => <Link to="/sites/$siteId/cameras/new" params={{ siteId }} {...props} />}>
              {t('cameras.add')}
            </Button>
          ) : undefined,
        }}
      >
        {(cameras) => (
          <Wall
            cameras={cameras}
            search={search}
            onSearch={(next) => void navigate({ to: '/sites/$siteId/wall', params: { siteId }, search: next })}
          />
        )}
      </Queried>
    </Page>
  );
}
