import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'retention.title': 'Wie lange Daten aufbewahrt werden',
  'retention.text': 'Leer: so lange, wie der Dienst sie aufbewahrt.',
  'retention.days': 'Tage',
  'retention.most': 'Höchstens {days} Tage',
  'retention.detections': 'Bilder und Erkennungen',
  'retention.tracks': 'Verkehrsteilnehmer',
  'retention.alerts': 'Alarme, mit Standbildern, Clips und allem, was Personen geschrieben haben',
  'retention.pictures': 'Standbilder und Clips',
  'retention.counts': 'Zählungen',
  'retention.uploads': 'Uploads, mit allem, was darin gefunden wurde',
  'retention.audit': 'Protokoll',
  'retention.sure': 'Endgültig löschen, was jetzt älter ist: {kinds}',
  'retention.saved': 'Gespeichert. Was älter ist, wird in wenigen Minuten gelöscht.',
};
