import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'guide.all': 'Alle Seiten der Anleitung',
};
