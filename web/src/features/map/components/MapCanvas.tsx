import {
  AttributionControl,
  type GeoJSONSource,
  Map as MapLibre,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { useEffect, useRef, useState } from 'react';
import { feature } from 'topojson-client';
import land from 'world-atlas/land-110m.json';
import 'maplibre-gl/dist/maplibre-gl.css';
import { beyondDateLine, graticule } from '../model/ground';
import { allPlaces, type Bounds, boundsOf, type MapSite, type Mark, marksOf } from '../model/places';
import { Marks } from './marks';

// A worker from a `blob:` address would need more of the page's policy.
setWorkerUrl(workerUrl);

const COLOURS = {
  light: { water: '#e8eef1', land: '#f8f9f7', edge: '#c3ced4', grid: '#d9e2e6' },
  dark: { water: '#161b1f', land: '#22292e', edge: '#3b464d', grid: '#252d32' },
};
// The map has coasts and borders only: closer than this there is nothing to see but cameras.
const CLOSEST = 6;
const CLOSEST_CAMERAS = 16;
/** From here on, cameras of a town are apart. */
const NEAR = 10;
const topology = land as unknown as Parameters<typeof feature>[0];
const WORLD: Bounds = [-180, -85, 180, 85];

function coasts(): GeoJSON.FeatureCollection {
  const { features } = feature(topology, 'land') as unknown as GeoJSON.FeatureCollection;
  return {
    type: 'FeatureCollection',
    features: features.map((one) => ({ ...one, geometry: beyondDateLine(one.geometry) })),
  };
}

function lookAt(map: MapLibre, sites: readonly MapSite[], animate: boolean): void {
  const bounds = boundsOf(allPlaces(sites));
  const maxZoom = sites.some(({ placed }) => placed.length > 0) ? CLOSEST_CAMERAS : CLOSEST;
  if (bounds) map.fitBounds(bounds, { padding: 60, maxZoom, animate });
}

/** Sites and cameras on a map that needs nothing from elsewhere: coasts, and a grid of degrees. */
export default function MapCanvas(props: {
  sites: readonly MapSite[];
  /** The one that somebody wants to see; another object each time. */
  wanted: { site: MapSite } | undefined;
  label: string;
  dark: boolean;
  imperial: boolean;
  name: (mark: Mark) => string;
  onOpen: (mark: Mark) => void;
  onFailed: () => void;
}) {
  const { sites, wanted, dark, imperial } = props;
  const place = useRef<HTMLElement>(null);
  const [map, setMap] = useState<MapLibre>();
  const [isNear, setNear] = useState(false);
  const marks = useRef<Marks>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const container = place.current;
    if (!container) return;
    const colours = COLOURS[dark ? 'dark' : 'light'];
    let made: MapLibre;
    try {
      made = new MapLibre({
        container,
        attributionControl: false,
        renderWorldCopies: true,
        maxZoom: 18,
        fadeDuration: 0,
        style: {
          version: 8,
          sources: {
            land: { type: 'geojson', data: coasts(), attribution: 'Natural Earth' },
            grid: { type: 'geojson', data: graticule(WORLD) },
          },
          layers: [
            { id: 'water', type: 'background', paint: { 'background-color': colours.water } },
            { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': colours.land } },
            { id: 'edge', type: 'line', source: 'land', paint: { 'line-color': colours.edge } },
            { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': colours.grid } },
          ],
        },
      });
    } catch {
      // The browser has no WebGL.
      latest.current.onFailed();
      return;
    }
    made.addControl(new NavigationControl({ showCompass: false }));
    made.addControl(new ScaleControl({ unit: imperial ? 'imperial' : 'metric' }));
    made.addControl(new AttributionControl({ compact: false }));
    const redraw = () => {
      const shown = made.getBounds();
      const bounds: Bounds = [shown.getWest(), shown.getSouth(), shown.getEast(), shown.getNorth()];
      made.getSource<GeoJSONSource>('grid')?.setData(graticule(bounds));
      setNear(made.getZoom() >= NEAR);
    };
    made.on('load', redraw);
    made.on('moveend', redraw);
    made.on('idle', () => {
      container.dataset.drawn = dark ? 'dark' : 'light';
    });
    lookAt(made, latest.current.sites, false);
    setNear(made.getZoom() >= NEAR);
    marks.current = new Marks(made, (mark) => latest.current.onOpen(mark));
    setMap(made);
    return () => {
      setMap(undefined);
      delete container.dataset.drawn;
      made.remove();
    };
  }, [dark, imperial]);

  useEffect(() => {
    if (map) marks.current?.show(marksOf(sites, isNear), latest.current.name);
  }, [sites, isNear, map]);

  useEffect(() => {
    if (map && wanted) lookAt(map, [wanted.site], true);
  }, [wanted, map]);

  return <section ref={place} className="map" aria-label={props.label} />;
}
