export const en = {
  'site.new': 'New site',
  'site.new-text': 'A site has cameras, people and a time zone of its own.',
  'site.name': 'Name',
  'site.zone': 'Time zone',
  'site.zone-help': 'All times of the site are shown in it.',
  'site.units': 'Units',
  'site.metric': 'Metric',
  'site.imperial': 'Imperial',
  'site.add': 'Add the site',
} as const;
