import { Button, Skeleton, Text, useComputedColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { inOrder, type MapSite, type Mark, placeOf, stateOf } from '../model/places';

// The map is larger than the rest of the app.
const MapCanvas = lazy(() => import('./MapCanvas'));

/** The sites and cameras on a map, and the same as a list beside it. */
export function SitesMap(props: { sites: readonly MapSite[]; onOpen: (mark: Mark) => void }) {
  const { t } = useText();
  const dark = useComputedColorScheme('light') === 'dark';
  const [failed, setFailed] = useState(false);
  const [wanted, setWanted] = useState<{ site: MapSite }>();
  const sites = useMemo(() => inOrder(props.sites), [props.sites]);
  const placed = sites.filter(placeOf).length;

  function markText(mark: Mark): string {
    const site = sites.find((one) => one.site.id === mark.siteId);
    if (!site) return mark.name;
    const camera = site.placed.find(({ id }) => id === mark.cameraId);
    return `${mark.name}: ${camera ? t(`map.camera-${camera.state}`) : siteText(site, t)}`;
  }

  return (
    <div className="map-and-list">
      {failed ? (
        <Text className="quiet">{t('map.failed')}</Text>
      ) : (
        <Suspense fallback={<Skeleton className="map" />}>
          <MapCanvas
            sites={sites}
            wanted={wanted}
            label={t('map.label')}
            dark={dark}
            imperial={sites.length > 0 && sites.every((one) => one.site.units === 'imperial')}
            name={markText}
            onOpen={props.onOpen}
            onFailed={() => setFailed(true)}
          />
        </Suspense>
      )}
      <div className="card map-list">
        <ul className="plain" aria-label={t('nav.map')}>
          {sites.map((one) => (
            <li key={one.site.id} data-site={one.site.id} data-state={stateOf(one)}>
              <Link to="/sites/$siteId/cameras" params={{ siteId: one.site.id }} className="link">
                {one.site.name}
              </Link>
              <Text size="sm">
                <span className="dot map-dot" data-state={stateOf(one)} aria-hidden /> {siteText(one, t)}
              </Text>
              {placeOf(one) ? null : (
                <Text size="sm" className="quiet">
                  {t('map.no-place')}
                </Text>
              )}
              <PlacedCameras one={one} onWanted={failed ? undefined : () => setWanted({ site: one })} />
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

function PlacedCameras(props: { one: MapSite; onWanted: (() => void) | undefined }) {
  const { t } = useText();
  const { site, placed } = props.one;
  if (placed.length === 0) return null;
  return (
    <details className="map-cameras">
      <summary>{t('map.placed', { count: placed.length })}</summary>
      <ul className="plain" aria-label={t('map.cameras-of', { name: site.name })}>
        {placed.map((camera) => (
          <li key={camera.id} data-camera={camera.id} data-state={camera.state}>
            <Link
              to="/sites/$siteId/cameras/$cameraId"
              params={{ siteId: site.id, cameraId: camera.id }}
              className="link"
            >
              {camera.name}
            </Link>
            <Text size="sm">
              <span className="dot map-dot" data-state={camera.state} aria-hidden /> {t(`map.camera-${camera.state}`)}
            </Text>
          </li>
        ))}
      </ul>
      {props.onWanted ? (
        <Button size="compact-sm" variant="default" onClick={props.onWanted}>
          {t('map.show')}
        </Button>
      ) : null}
    </details>
  );
}

function siteText(one: MapSite, t: ReturnType<typeof useText>['t']): string {
  const { cameras } = one;
  if (!cameras) return t(one.pending ? 'common.loading' : 'map.unknown');
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
