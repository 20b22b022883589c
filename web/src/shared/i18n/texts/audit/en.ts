export const en = {
  'audit.title': 'Audit log',
  'audit.text': 'Who changed what at this site, the newest first',
  'audit.none': 'Nothing was changed yet',
  'audit.when': 'When',
  'audit.what': 'What',
  'audit.object': 'Of what',
  'audit.who': 'Who',
  'audit.system': 'The system',
} as const;
