import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one colour that means "here you can do something". */
const harbour: MantineColorsTuple = [
  '#e6f7f9',
  '#d3ebef',
  '#a8d6de',
  '#79c0cd',
  '#54adbe',
  '#3ca2b5',
  '#2b8fa3',
  '#187486',
  '#0b6373',
  '#004f5e',
];

/** Grey with a little blue, as all surfaces have it. The sixth is behind inputs, the seventh is that of bars and cards. */
const dark: MantineColorsTuple = [
  '#dfe5e8',
  '#c3ccd2',
  '#98a4ac',
  '#6f7c85',
  '#3a434a',
  '#323a40',
  '#262d32',
  '#1c2125',
  '#171b1f',
  '#101417',
];

export const theme = createTheme({
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  colors: { harbour, dark },
  fontFamily: 'Inter, ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.875rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  // Lines of text stand on the grid of the spaces.
  lineHeights: { xs: '1.333', sm: '1.4286', md: '1.6', lg: '1.412', xl: '1.4' },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  defaultRadius: 'sm',
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
});
