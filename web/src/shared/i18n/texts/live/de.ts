import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'wall.full': 'Vollbild',
  'wall.text': 'Bis zu sechzehn Kameras. Diese Adresse lässt sich für einen Bildschirm an der Wand behalten.',
  'wall.cameras': 'Kameras',
  'live.picture': 'Live-Bild von {name}',
  'live.waiting': 'Wartet auf ein Bild',
  'live.age': '{seconds} s alt',
  'live.stale': 'Nicht live: {seconds} s alt',
  'live.nobody': 'Niemand im Bild',
  'live.zones': 'Belegt: {names}',
};
