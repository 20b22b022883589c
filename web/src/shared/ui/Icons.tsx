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

export function PlusIcon() {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d="M8 3v10M3 8h10" />
    </svg>
  );
}

export function MinusIcon() {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d="M3 8h10" />
    </svg>
  );
}

/** What stands beside the name of a page. */
const PAGES = {
  map: 'M6 2.5 1.5 4.5v9L6 11.5l4 2 4.5-2v-9L10 4.5zM6 2.5v9M10 4.5v9',
  cameras: 'M1.5 4.5h9v7h-9zM10.5 7l4-2v6l-4-2',
  wall: 'M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z',
  alerts: 'M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4zM6.5 13.5a1.5 1.5 0 0 0 3 0',
  tracks: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5l3.5 3.5',
  statistics: 'M2 14h12M3.5 14V8M7 14V3M10.5 14V6.5M14 14v-4',
  uploads: 'M8 11V3M4.5 6 8 2.5 11.5 6M2.5 11v2.5h11V11',
  members:
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3.5a2.3 2.3 0 0 1 0 4.300M12.5 10c1.3.6 2 1.8 2 3.5',
  keys: 'M5.5 13a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM7.3 8.7 13.5 2.5M11 5l2 2',
  webhooks: 'M2 8h9M8 4.5 11.5 8 8 11.5M14 3v10',
  data: 'M13 4c0 1.100-2.200 2-5 2S3 5.100 3 4s2.200-2 5-2 5 .9 5 2zM3 4v8c0 1.100 2.200 2 5 2s5-.9 5-2V4M3 8c0 1.100 2.200 2 5 2s5-.9 5-2',
  audit: 'M3.5 2h9v12h-9zM6 5.5h4M6 8h4M6 10.5h2.5',
  health: 'M1.5 8h3l2-4.5 3 9 2-4.5h3',
  users: 'M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 14c0-3 2-4.5 5-4.5s5 1.5 5 4.5',
  settings:
    'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  site: 'M8 14.5S3 10 3 6.5a5 5 0 0 1 10 0C13 10 8 14.5 8 14.5zM8 8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  account:
    'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 8.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM4.5 12c.6-1.5 2-2.3 3.5-2.300s2.9.8 3.5 2.3',
  guide: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.3 6.300A1.8 1.8 0 1 1 8 8.5v.700M8 11.300v.1',
} as const;

export type PageIconName = keyof typeof PAGES;

export function PageIcon(props: { name: PageIconName }) {
  return (
    <svg {...COMMON} aria-hidden="true">
      <path d={PAGES[props.name]} />
    </svg>
  );
}
