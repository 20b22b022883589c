import { CLASS_COLOURS, type RoadUserClass } from '../model/classes';

const PATHS: Record<RoadUserClass, string> = {
  pedestrian: 'M12.5 4.5a1.5 1.5 0 1 0 0-.1M12 7.5l-1 6 3 3v5M11 13.5l-2.5 8M12 7.5l-3 2v3M12 7.5l2 3 2.5 1',
  cyclist:
    'M6 20.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM18 20.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM6 17l3.5-6.5L13 13v4M9.5 10.5l3-2.5 2 3H18M14 5a1 1 0 1 0 0-.1',
  motorcyclist:
    'M5.5 20.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM18.5 20.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM5.5 17.5h6l4-4M11.5 17.5l-3-4h7l-1.5-3h3M11 6a1.5 1.5 0 1 0 0-.1M11 8l-1 5.5',
  car: 'M3 16.5v-4l2-.5 2.5-4h8l3 4 2.5.8v3.7zM7 18.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM17 18.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z',
  bus: 'M3.5 6.5h17v11h-17zM3.5 12h17M9 6.5V12M15 6.5V12M7.5 19.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM16.5 19.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z',
  truck:
    'M2.5 6.5h11v11h-11zM13.5 10.5h4.5l3.5 3.5v3.5h-8M7 19.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zM17.5 19.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z',
};
const UNKNOWN = 'M9 9a3 3 0 1 1 4 2.8c-1 .5-1 1.2-1 2.2M12 17.5v.1';

/** The kind of a road user where there is no picture of it. */
export function ClassIcon(props: { value: RoadUserClass | null | undefined }) {
  const { value } = props;
  return (
    <svg
      width={24}
      height={24}
      viewBox="0 0 24 24"
      fill="none"
      stroke={value ? CLASS_COLOURS[value] : 'currentColor'}
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={value ? PATHS[value] : UNKNOWN} />
    </svg>
  );
}
