import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'members.title': 'Mitglieder',
  'members.text': 'Wer diesen Standort sehen und ändern darf',
  'members.add': 'Mitglied hinzufügen',
  'members.name': 'Benutzername',
  'members.role': 'Rolle',
  'members.role-of': 'Rolle von {name}',
  'members.remove': '{name} entfernen?',
  'members.remove-text':
    'Die Person sieht diesen Standort von jetzt an nicht mehr. Ihr Konto bleibt, und ein Admin kann sie wieder aufnehmen.',
  'members.remove-sure': 'Vom Standort entfernen',
  'members.none': 'Noch keine Mitglieder',
  'members.none-text': 'System-Admins sehen jeden Standort, ohne Mitglied zu sein.',
  'users.title': 'Benutzer',
  'users.text': 'Die Personen des ganzen Systems. Welche Standorte sie sehen, sagen die Standorte.',
  'users.add': 'Benutzer hinzufügen',
  'users.person': 'Person',
  'users.rights': 'Rechte',
  'users.since': 'Seit',
  'users.system-admin': 'System-Admin',
  'users.disabled': 'gesperrt',
  'users.enable': 'Entsperren',
  'users.disable': 'Sperren',
};
