const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** 1 500 000 → 1.5 MB, in the words of the language. */
export function formatBytes(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const style = { style: 'unit', unit: UNITS[unit] ?? 'byte', unitDisplay: 'short' } as const;
  return new Intl.NumberFormat(locale, { ...style, maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 }).format(
    value,
  );
}
