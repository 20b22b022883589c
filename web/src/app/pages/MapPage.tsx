import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { liveQuery } from '@/features/cameras/api/queries';
import { health } from '@/features/cameras/model/health';
import { SitesMap } from '@/features/map/components/SitesMap';
import type { MapSite } from '@/features/map/model/places';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { sitesQuery } from '@/shared/api/sites';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';

/** A hundred sites are asked for in this time. */
const EVERY_MS = 15_000;

export function MapPage() {
  const { t } = useText();
  const query = useQuery(sitesQuery);
  return (
    <Page width="full" title={t('nav.map')} subtitle={t('map.text')}>
      <Queried query={query} isEmpty={(sites) => sites.length === 0} empty={{ title: 'home.no-site' }}>
        {(sites) => <Sites sites={sites} />}
      </Queried>
    </Page>
  );
}

function Sites(props: { sites: Schemas['Site'][] }) {
  const navigate = useNavigate();
  const cameras = useQueries({ queries: props.sites.map((site) => ({ ...camerasQuery(site.id), staleTime: 60_000 })) });
  const live = useQueries({
    queries: props.sites.map((site) => ({ ...liveQuery(site.id), refetchInterval: EVERY_MS })),
  });
  const sites = useStable(
    props.sites.map((site, at) => ({ site, cameras: summary(cameras[at]?.data, live[at]?.data) })),
  );
  return (
    <SitesMap sites={sites} onOpen={(siteId) => void navigate({ to: '/sites/$siteId/cameras', params: { siteId } })} />
  );
}

function summary(
  cameras: Schemas['Camera'][] | undefined,
  live: ReadonlyMap<string, Schemas['LiveCamera']> | undefined,
): MapSite['cameras'] {
  if (!cameras || !live) return undefined;
  const found = { live: 0, silent: 0, off: 0 };
  for (const camera of withoutFiles(cameras)) {
    const state = health(camera, live.get(camera.id));
    if (state === 'live') found.live += 1;
    else if (state === 'off') found.off += 1;
    else found.silent += 1;
  }
  return found;
}

/** The same list while nothing changed, so that the marks on the map are not made anew. */
function useStable(sites: MapSite[]): MapSite[] {
  const text = JSON.stringify(sites);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text says whether the list is another one
  return useMemo(() => sites, [text]);
}
