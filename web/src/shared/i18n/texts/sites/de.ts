import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'site.new': 'Neuer Standort',
  'site.new-text': 'Ein Standort hat eigene Kameras, Personen und eine eigene Zeitzone.',
  'site.name': 'Name',
  'site.zone': 'Zeitzone',
  'site.zone-help': 'In ihr werden alle Zeiten des Standorts gezeigt.',
  'site.units': 'Einheiten',
  'site.metric': 'Metrisch',
  'site.imperial': 'Imperial',
  'site.latitude': 'Breite',
  'site.longitude': 'Länge',
  'site.place-help': 'Grad, nördlich und östlich positiv; für die Karte',
  'site.saved': 'Gespeichert',
  'site.add': 'Standort hinzufügen',
};
