const COMMON = {
  width: 16,
  height: 16,
  viewBox: '0 0 16 16',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.5,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export function SunIcon() {
  return (
    <svg {...COMMON} aria-hidden="true">
      <circle cx={8} cy={8} r={3} />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1" />
    </svg>
  );
}

export function MoonIcon() {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />
    </svg>
  );
}

export function SignOutIcon() {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d="M6.5 2H3v12h3.5M10.5 11l3-3-3-3M13 8H6" />
    </svg>
  );
}
