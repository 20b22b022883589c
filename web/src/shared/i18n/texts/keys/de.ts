import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'keys.title': 'API-Schlüssel',
  'keys.text': 'Mit einem Schlüssel benutzt ein Programm die API für diesen Standort',
  'keys.add': 'Schlüssel anlegen',
  'keys.name': 'Name',
  'keys.scopes': 'Darf',
  'keys.lifetime': 'Gültig für',
  'keys.days': '{count} Tage',
  'keys.expires': 'Läuft ab',
  'keys.used': 'Zuletzt benutzt',
  'keys.never': 'Nie',
  'keys.none': 'Noch keine Schlüssel',
  'keys.none-text': 'Ein Schlüssel ist für ein Programm, mit nicht mehr Rechten als nötig.',
  'keys.revoke': 'Widerrufen',
  'keys.revoke-title': '{name} widerrufen?',
  'keys.revoke-text':
    'Programme, die damit arbeiten, werden von jetzt an abgewiesen. Das lässt sich nicht zurücknehmen, nur durch etwas Neues ersetzen.',
  'keys.revoke-sure': 'Endgültig widerrufen',
  'keys.once': 'Bewahren Sie diesen Schlüssel jetzt auf, er wird nicht wieder gezeigt:',
};
