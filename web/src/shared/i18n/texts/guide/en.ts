export const en = {
  'guide.all': 'All pages of the user guide',
} as const;
