export const en = {
  'map.text': 'All sites that you see. Those whose cameras do not all watch come first.',
  'map.label': 'Map of the sites',
  'map.failed': 'This browser cannot draw maps. The list has all of it.',
  'map.unknown': 'Not known yet',
  'map.no-cameras': 'No cameras',
  'map.live': '{count, plural, one {# camera live} other {# cameras live}}',
  'map.silent': '{count, plural, one {# camera does not watch} other {# cameras do not watch}}',
  'map.off': '{count, plural, one {# switched off} other {# switched off}}',
  'map.no-place': 'Not on the map: the site has no place',
  'map.none-placed': 'An admin gives a site its place under Site settings.',
} as const;
