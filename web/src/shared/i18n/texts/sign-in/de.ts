import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'sign-in.title': 'Anmelden',
  'sign-in.name': 'Benutzername',
  'sign-in.password': 'Passwort',
  'sign-in.submit': 'Anmelden',
  'sign-in.with': 'Mit {name} anmelden',
  'welcome.title': 'Willkommen',
  'welcome.text': 'Sie sind hier die erste Person. Wählen Sie Namen und Passwort; Sie dürfen alles.',
  'welcome.token': 'Einmal-Token',
  'welcome.token-help': 'Das Programm hat es, oder die Datei damit, beim Start ausgegeben.',
  'welcome.password-help': 'Mindestens {count} Zeichen',
  'welcome.submit': 'Beginnen',
  'account.password': 'Passwort',
  'account.current': 'Bisheriges Passwort',
  'account.new': 'Neues Passwort',
  'account.change': 'Passwort ändern',
  'account.changed': 'Das Passwort ist geändert.',
};
