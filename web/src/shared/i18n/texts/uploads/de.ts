import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'uploads.title': 'Uploads',
  'uploads.text': 'Videodateien, die wie eine Kamera ausgewertet werden',
  'uploads.add': 'Video hochladen',
  'uploads.like': 'Zonen, Linien und Regeln von',
  'uploads.like-none': 'Keine Kamera',
  'uploads.choose': 'Datei wählen',
  'uploads.drop': 'oder hierher ziehen',
  'uploads.sending': '{name}: {sent} von {bytes}',
  'uploads.sent': 'Gesendet',
  'uploads.received': 'Angekommen',
  'uploads.pause': 'Anhalten',
  'uploads.file': 'Datei',
  'uploads.state': 'Zustand',
  'uploads.created': 'Hochgeladen',
  'uploads.none': 'Noch keine Uploads',
  'uploads.none-text':
    'Eine Datei wird mit den Zonen, Linien und Regeln einer Kamera ausgewertet, wenn Sie eine wählen.',
  'uploads.remove-all': 'Mit allen Funden entfernen',
  'uploads.is-receiving': 'Wartet auf den Rest der Datei',
  'uploads.is-checking': 'Wird geprüft',
  'uploads.is-queued': 'Wartet auf die Auswertung',
  'uploads.is-analysing': '{frames} Bilder ausgewertet',
  'uploads.is-done': 'Fertig, {frames} Bilder',
  'uploads.is-failed': 'Fehlgeschlagen',
  'uploads.is-cancelled': 'Abgebrochen',
};
