import { type Map as MapLibre, Marker } from 'maplibre-gl';
import type { Mark } from '../model/places';

const WIDTH_PX = 30;

interface Made {
  marker: Marker;
  element: HTMLButtonElement;
  name: HTMLElement;
  mark: Mark;
}

/** The marks on a map. One that stays keeps its button, so that it keeps the focus of the keyboard. */
export class Marks {
  readonly #map: MapLibre;
  readonly #onOpen: (mark: Mark) => void;
  readonly #made = new Map<string, Made>();

  constructor(map: MapLibre, onOpen: (mark: Mark) => void) {
    this.#map = map;
    this.#onOpen = onOpen;
  }

  show(marks: readonly Mark[], say: (mark: Mark) => string): void {
    const wanted = new Set(marks.map(({ key }) => key));
    for (const [key, { marker }] of this.#made) {
      if (wanted.has(key)) continue;
      marker.remove();
      this.#made.delete(key);
    }
    for (const mark of marks) {
      const made = this.#made.get(mark.key) ?? this.#make(mark);
      const { element, marker, name } = made;
      made.mark = mark;
      element.dataset.state = mark.state;
      element.setAttribute('aria-label', say(mark));
      element.title = mark.name;
      name.textContent = mark.name;
      if (mark.heading === undefined) element.style.removeProperty('--heading');
      else element.style.setProperty('--heading', `${mark.heading}deg`);
      element.dataset.looks = String(mark.heading !== undefined);
      marker.setLngLat([mark.place.longitude, mark.place.latitude]).setOffset([mark.aside * WIDTH_PX, 0]);
    }
  }

  #make(mark: Mark): Made {
    const element = document.createElement('button');
    element.type = 'button';
    element.className = mark.cameraId === undefined ? 'map-site' : 'map-site map-camera';
    const name = document.createElement('span');
    element.append(name);
    const marker = new Marker({ element }).setLngLat([mark.place.longitude, mark.place.latitude]).addTo(this.#map);
    const made = { marker, element, name, mark };
    element.addEventListener('click', () => this.#onOpen(made.mark));
    this.#made.set(mark.key, made);
    return made;
  }
}
