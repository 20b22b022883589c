import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'map.text': 'Alle Standorte, die Sie sehen. Zuerst die, deren Kameras nicht alle beobachten.',
  'map.label': 'Karte der Standorte',
  'map.failed': 'Dieser Browser kann keine Karten zeichnen. Die Liste enthält alles.',
  'map.unknown': 'Noch nicht bekannt',
  'map.no-cameras': 'Keine Kameras',
  'map.live': '{count, plural, one {# Kamera live} other {# Kameras live}}',
  'map.silent': '{count, plural, one {# Kamera beobachtet nicht} other {# Kameras beobachten nicht}}',
  'map.off': '{count, plural, one {# ausgeschaltet} other {# ausgeschaltet}}',
  'map.no-place': 'Nicht auf der Karte: Der Standort hat keinen Ort',
  'map.none-placed': 'Ein Admin gibt einem Standort seinen Ort unter „Standort einstellen“.',
};
