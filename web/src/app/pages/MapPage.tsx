import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { liveQuery } from '@/features/cameras/api/queries';
import { health } from '@/features/cameras/model/health';
import { SitesMap } from '@/features/map/components/SitesMap';
import type { CameraState, MapSite, Mark } from '@/features/map/model/places';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { every, isDenied } from '@/shared/api/queries';
import { sitesQuery } from '@/shared/api/sites';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { Outdated, Queried } from '@/shared/ui/StateView';

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
    queries: props.sites.map((site) => ({ ...liveQuery(site.id), refetchInterval: every(EVERY_MS) })),
  });
  const sites = useStable(
    props.sites.map((site, at) => ({
      site,
      pending: cameras[at]?.isPending === true || live[at]?.isPending === true,
      ...found(cameras[at]?.data, live[at]?.isError ? undefined : live[at]?.data),
    })),
  );
  function open({ siteId, cameraId }: Mark) {
    if (cameraId === undefined) void navigate({ to: '/sites/$siteId/cameras', params: { siteId } });
    else void navigate({ to: '/sites/$siteId/cameras/$cameraId', params: { siteId, cameraId } });
  }
  const failed = [...cameras, ...live].find((query) => query.error && !isDenied(query.error));
  return (
    <>
      {/* Of each site that is not known its mark says so. */}
      {failed ? (
        <div>
          <Outdated query={{ ...failed, data: undefined }} />
        </div>
      ) : null}
      <SitesMap sites={sites} onOpen={open} />
    </>
  );
}

/** How many cameras are how, and those that have a place. */
function found(
  cameras: Schemas['Camera'][] | undefined,
  live: ReadonlyMap<string, Schemas['LiveCamera']> | undefined,
): Pick<MapSite, 'cameras' | 'placed'> {
  const list = cameras ? withoutFiles(cameras) : [];
  const placed = list.flatMap((camera) => {
    const { name, location } = camera.settings;
    return location ? [{ id: camera.id, name: name || camera.id, state: watching(camera, live), location }] : [];
  });
  if (!cameras || !live) return { cameras: undefined, placed };
  const count = { live: 0, silent: 0, off: 0, unknown: 0 };
  for (const camera of list) count[watching(camera, live)] += 1;
  return { cameras: count, placed };
}

/** Whether a camera watches; one of which a change is not in effect yet does not. */
function watching(
  camera: Schemas['Camera'],
  live: ReadonlyMap<string, Schemas['LiveCamera']> | undefined,
): CameraState {
  if (!live) return 'unknown';
  const state = health(camera, live);
  return state === 'live' || state === 'off' ? state : 'silent';
}

/** The same list while nothing changed, so that the marks on the map are not made anew. */
function useStable(sites: MapSite[]): MapSite[] {
  const text = JSON.stringify(sites);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text says whether the list is another one
  return useMemo(() => sites, [text]);
}
