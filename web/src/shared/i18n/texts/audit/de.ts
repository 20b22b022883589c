import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'audit.title': 'Protokoll',
  'audit.text': 'Wer an diesem Standort was geändert hat, das Neueste zuerst',
  'audit.none': 'Noch wurde nichts geändert',
  'audit.when': 'Wann',
  'audit.what': 'Was',
  'audit.object': 'Wovon',
  'audit.who': 'Wer',
  'audit.system': 'Das System',
};
