import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'map.text':
    'Alle Standorte, die Sie sehen. Zuerst die, deren Kameras nicht alle beobachten. Näher zeigt die Karte Kameras.',
  'map.label': 'Karte der Standorte und Kameras',
  'map.failed': 'Dieser Browser kann keine Karten zeichnen. Die Liste enthält alles.',
  'map.unknown': 'Gerade nicht bekannt',
  'map.no-cameras': 'Keine Kameras',
  'map.live': '{count, plural, one {# Kamera live} other {# Kameras live}}',
  'map.silent': '{count, plural, one {# Kamera beobachtet nicht} other {# Kameras beobachten nicht}}',
  'map.off': '{count, plural, one {# ausgeschaltet} other {# ausgeschaltet}}',
  'map.no-place': 'Nicht auf der Karte: Weder der Standort noch eine Kamera hat einen Ort',
  'map.placed': '{count, plural, one {# Kamera mit Ort} other {# Kameras mit Ort}}',
  'map.cameras-of': 'Kameras von {name} mit Ort',
  'map.show': 'Auf der Karte zeigen',
  'map.camera-live': 'Beobachtet',
  'map.camera-silent': 'Beobachtet nicht',
  'map.camera-off': 'Ausgeschaltet',
  'map.camera-unknown': 'Gerade nicht bekannt',
  'map.none-placed':
    'Ein Admin gibt einem Standort seinen Ort unter „Standort einstellen“; Kameras haben einen eigenen, wo man sie bearbeitet.',
};
