import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'statistics.text':
    'Wer Linien querte und in Zonen kam. Schattierte Zeit wurde nicht beobachtet. Zeiten sind die von {zone}.',
  'statistics.span': 'Zeitraum',
  'statistics.day': 'Tag',
  'statistics.group': 'Aufgeteilt nach',
  'statistics.by-class': 'Verkehrsteilnehmer',
  'statistics.by-direction': 'Richtung',
  'statistics.by-none': 'Nichts',
  'statistics.csv': 'CSV-Datei',
  'statistics.none': 'Nichts zu zählen',
  'statistics.none-text': 'Zeichnen Sie auf einer Kamera eine Linie oder Zone; ab dann zählt sie.',
  'statistics.all': 'Alle',
  'statistics.crossings': 'Querungen',
  'statistics.visits': 'Besuche',
  'statistics.watched-all': 'Die ganze Zeit beobachtet',
  'statistics.watched': '{percent} % der Zeit beobachtet: Es können mehr gewesen sein',
  'statistics.watched-little': 'Weniger als 1 % der Zeit beobachtet: Es können mehr gewesen sein',
  'statistics.chart': '{name}: {count} insgesamt',
  'span.hour': 'Letzte Stunde',
  'span.today': 'Heute',
  'span.yesterday': 'Gestern',
  'span.week': '7 Tage',
  'span.month': '30 Tage',
};
