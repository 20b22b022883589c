import {
  AttributionControl,
  type GeoJSONSource,
  Map as MapLibre,
  Marker,
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
import { type Bounds, boundsOf, type MapSite, stateOf } from '../model/places';

// A worker from a `blob:` address would need more of the page's policy.
setWorkerUrl(workerUrl);

const COLOURS = {
  light: { water: '#e8eef1', land: '#f8f9f7', edge: '#c3ced4', grid: '#d9e2e6' },
  dark: { water: '#161b1f', land: '#22292e', edge: '#3b464d', grid: '#252d32' },
};
// The map has coasts and borders only: closer than this there is nothing to see.
const CLOSEST = 6;
const topology = land as unknown as Parameters<typeof feature>[0];
const WORLD: Bounds = [-180, -85, 180, 85];

function coasts(): GeoJSON.FeatureCollection {
  const { features } = feature(topology, 'land') as unknown as GeoJSON.FeatureCollection;
  return {
    type: 'FeatureCollection',
    features: features.map((one) => ({ ...one, geometry: beyondDateLine(one.geometry) })),
  };
}

/** The sites on a map that needs nothing from elsewhere: coasts, and a grid of degrees. */
export default function MapCanvas(props: {
  sites: readonly MapSite[];
  label: string;
  dark: boolean;
  imperial: boolean;
  name: (site: MapSite) => string;
  onOpen: (siteId: string) => void;
  onFailed: () => void;
}) {
  const { sites, dark, imperial } = props;
  const place = useRef<HTMLElement>(null);
  const [map, setMap] = useState<MapLibre>();
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!place.current) return;
    const colours = COLOURS[dark ? 'dark' : 'light'];
    let made: MapLibre;
    try {
      made = new MapLibre({
        container: place.current,
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
    const bounds = boundsOf(latest.current.sites);
    if (bounds) made.fitBounds(bounds, { padding: 60, maxZoom: CLOSEST, animate: false });
    const redraw = () => {
      const shown = made.getBounds();
      const bounds: Bounds = [shown.getWest(), shown.getSouth(), shown.getEast(), shown.getNorth()];
      made.getSource<GeoJSONSource>('grid')?.setData(graticule(bounds));
    };
    made.on('load', redraw);
    made.on('moveend', redraw);
    setMap(made);
    return () => {
      setMap(undefined);
      made.remove();
    };
  }, [dark, imperial]);

  useEffect(() => {
    if (!map) return;
    const markers = sites.flatMap((one) => {
      const { location, id } = one.site;
      if (!location) return [];
      const element = document.createElement('button');
      element.type = 'button';
      element.className = 'map-site';
      element.dataset.state = stateOf(one);
      element.setAttribute('aria-label', latest.current.name(one));
      const name = document.createElement('span');
      name.textContent = one.site.name;
      element.append(name);
      element.addEventListener('click', () => latest.current.onOpen(id));
      return [new Marker({ element }).setLngLat([location.longitude, location.latitude]).addTo(map)];
    });
    return () => {
      for (const marker of markers) marker.remove();
    };
  }, [sites, map]);

  return <section ref={place} className="map" aria-label={props.label} />;
}
