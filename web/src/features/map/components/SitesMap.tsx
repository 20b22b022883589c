import { Skeleton, Text, useComputedColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { inOrder, type MapSite, stateOf } from '../model/places';

// The map is larger than the rest of the app.
const MapCanvas = lazy(() => import('./MapCanvas'));

/** The sites on a map, and the same as a list beside it. */
export function SitesMap(props: { sites: readonly MapSite[]; onOpen: (siteId: string) => void }) {
  const { t } = useText();
  const dark = useComputedColorScheme('light') === 'dark';
  const [failed, setFailed] = useState(false);
  const sites = useMemo(() => inOrder(props.sites), [props.sites]);
  const placed = sites.filter((one) => one.site.location).length;
  return (
    <div className="map-and-list">
      {failed ? (
        <Text className="quiet">{t('map.failed')}</Text>
      ) : (
        <Suspense fallback={<Skeleton className="map" />}>
          <MapCanvas
            sites={sites}
            label={t('map.label')}
            dark={dark}
            imperial={sites.length > 0 && sites.every((one) => one.site.units === 'imperial')}
            name={(one) => `${one.site.name}: ${stateText(one, t)}`}
            onOpen={props.onOpen}
            onFailed={() => setFailed(true)}
          />
        </Suspense>
      )}
      <div className="card">
        <ul className="plain" aria-label={t('nav.map')}>
          {sites.map((one) => (
            <li key={one.site.id} data-site={one.site.id} data-state={stateOf(one)}>
              <Link to="/sites/$siteId/cameras" params={{ siteId: one.site.id }} className="link">
                {one.site.name}
              </Link>
              <Text size="sm">
                <span className="dot map-dot" data-state={stateOf(one)} aria-hidden /> {stateText(one, t)}
              </Text>
              {one.site.location ? null : (
                <Text size="sm" className="quiet">
                  {t('map.no-place')}
                </Text>
              )}
            </li>
          ))}
        </ul>
        {placed === 0 ? (
          <Text size="sm" className="quiet" p="md">
            {t('map.none-placed')}
          </Text>
        ) : null}
      </div>
    </div>
  );
}

function stateText(one: MapSite, t: ReturnType<typeof useText>['t']): string {
  const { cameras } = one;
  if (!cameras) return t('map.unknown');
  const { live, silent, off } = cameras;
  if (live + silent + off === 0) return t('map.no-cameras');
  return [
    silent > 0 ? t('map.silent', { count: silent }) : undefined,
    live > 0 ? t('map.live', { count: live }) : undefined,
    off > 0 ? t('map.off', { count: off }) : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
