import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { formatMoment, zoneName } from '@/shared/model/time';
import { ErrorNotice } from '@/shared/ui/StateView';
import { trackCountsQuery } from '../api/queries';
import type { ShownTime } from '../model/days';
import type { TrackFilters } from '../model/filters';
import {
  bounds,
  type Handle,
  handleAt,
  moved,
  nearest,
  type Part,
  page,
  pressed,
  sum,
  type Timeline,
  timeline,
} from '../model/timeline';
import { Bars } from './Bars';

/** A key that is held moves a handle many times; what is searched follows when it rests. */
const REST_MS = 350;

interface Shown {
  zone: string;
  time: ShownTime;
  now: Date;
  onPart: (from: Date, to: Date) => void;
}

/** The days that are shown, with how many road users came when, and the part of them that is searched. */
export function TimeSlider(props: Shown & { siteId: string; filters: TrackFilters }) {
  const { siteId, filters, time, now } = props;
  const query = useQuery(trackCountsQuery(siteId, filters, time, now));
  if (query.data) return <Slider {...props} line={timeline(query.data, now)} />;
  if (query.isError) return <ErrorNotice error={query.error} retry={() => void query.refetch()} />;
  return <Skeleton height="7.5rem" radius="sm" />;
}

function Slider(props: Shown & { line: Timeline }) {
  const { t, locale } = useText();
  const { line, time, zone } = props;
  const { edges, bars } = line;
  const asked: Part = { from: nearest(edges, time.from.getTime()), to: nearest(edges, time.to.getTime()) };
  // While a handle moves; what is searched follows when it rests.
  const [moving, setMoving] = useState<{ part: Part; handle: Handle }>();
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [from, to] = [time.from.getTime(), time.to.getTime()];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the part that was wanted is the one that is searched
  useEffect(() => setMoving(undefined), [from, to]);
  useEffect(() => () => clearTimeout(rest.current), []);
  const track = useRef<HTMLDivElement>(null);
  // How far from its edge a handle was taken: handles hang beside their edges.
  const grip = useRef(0);
  const part = moving?.part ?? asked;
  const [begin, length] = [edges[0] ?? 0, (edges.at(-1) ?? 1) - (edges[0] ?? 0)];
  const at = (index: number) => edges[index] ?? begin;
  const share = (index: number) => (at(index) - begin) / length;
  const moment = (index: number) =>
    `${formatMoment(new Date(at(index)), zone, locale)} ${zoneName(new Date(at(index)), zone, locale)}`;
  function search(next: Part) {
    if (next.from === asked.from && next.to === asked.to) setMoving(undefined);
    else props.onPart(new Date(at(next.from)), new Date(at(next.to)));
  }
  const found = sum(bars, at(part.from), at(part.to));

  function edgeAt(event: PointerEvent): number {
    const box = track.current?.getBoundingClientRect();
    if (!box || box.width === 0) return 0;
    const x = event.clientX - grip.current - box.left;
    return nearest(edges, begin + Math.min(Math.max(x / box.width, 0), 1) * length);
  }

  function press(event: PointerEvent<HTMLDivElement>) {
    if (event.button !== 0) return;
    const held = event.target instanceof HTMLElement ? event.target.dataset.handle : undefined;
    const box = track.current?.getBoundingClientRect();
    grip.current =
      box && (held === 'from' || held === 'to') ? event.clientX - box.left - share(part[held]) * box.width : 0;
    const edge = edgeAt(event);
    const handle = held === 'from' || held === 'to' ? held : handleAt(part, edges, at(edge));
    event.currentTarget.setPointerCapture(event.pointerId);
    track.current?.querySelector<HTMLElement>(`[data-handle=${handle}]`)?.focus();
    setMoving({ handle, part: moved(handle, part, edges.length, edge) });
    event.preventDefault();
  }

  function release() {
    if (!moving) return;
    search(moving.part);
  }

  return (
    <div className="time-slider" data-bins={bars.length}>
      <div
        ref={track}
        className="time-track"
        onPointerDown={press}
        onPointerMove={(event) => {
          if (moving && event.currentTarget.hasPointerCapture(event.pointerId))
            setMoving({ ...moving, part: moved(moving.handle, moving.part, edges.length, edgeAt(event)) });
        }}
        onPointerUp={release}
        onPointerCancel={() => setMoving(undefined)}
      >
        <Bars bars={bars} from={at(part.from)} to={at(part.to)} zone={zone} />
        {(['from', 'to'] as const).map((handle) => {
          const [least, most] = bounds(handle, part, edges.length);
          return (
            <div
              key={handle}
              data-handle={handle}
              className="time-handle"
              role="slider"
              tabIndex={0}
              aria-label={t(`tracks.slider-${handle}`)}
              aria-valuemin={least}
              aria-valuemax={most}
              aria-valuenow={part[handle]}
              aria-valuetext={moment(part[handle])}
              style={{ left: `${share(part[handle]) * 100}%` }}
              onKeyDown={(event) => {
                const next = pressed(event.key, handle, part, edges.length, page(time.bin));
                if (next === undefined) return;
                event.preventDefault();
                const wanted = { ...part, [handle]: next };
                setMoving({ handle, part: wanted });
                clearTimeout(rest.current);
                rest.current = setTimeout(() => search(wanted), REST_MS);
              }}
            />
          );
        })}
      </div>
      <Scale time={time} zone={zone} edges={edges} />
      <Text size="sm" className="quiet" role="status">
        {found.looked
          ? t('tracks.slider-found', { count: found.count, from: moment(part.from), to: moment(part.to) })
          : t('tracks.slider-nobody-looked', { from: moment(part.from), to: moment(part.to) })}
        {found.looked && found.gaps > 0 ? ` ${t('tracks.slider-gaps')}` : null}
      </Text>
    </div>
  );
}

/** Times below the line: hours of a day, or days. */
function Scale(props: { time: ShownTime; zone: string; edges: number[] }) {
  const { locale } = useText();
  const { time, zone, edges } = props;
  const [begin, length] = [edges[0] ?? 0, (edges.at(-1) ?? 1) - (edges[0] ?? 0)];
  const day = time.bin === '15m';
  const format = new Intl.DateTimeFormat(
    locale,
    day ? { hour: '2-digit', minute: '2-digit', timeZone: zone } : { month: 'short', day: 'numeric', timeZone: zone },
  );
  const local = new Intl.DateTimeFormat('en-GB', {
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
    timeZone: zone,
  });
  const marks = edges.slice(0, -1).filter((edge) => {
    const [hour = 0, minute = 0] = local.format(edge).split(':').map(Number);
    return minute === 0 && (day ? hour % 6 === 0 : hour === 0);
  });
  // On a small screen, as many as have room.
  const every = Math.ceil(marks.length / 8);
  return (
    <div className="time-scale" aria-hidden>
      {marks
        .filter((_, index) => index % every === 0)
        .map((mark) => (
          <span key={mark} style={{ left: `${((mark - begin) / length) * 100}%` }}>
            {format.format(mark)}
          </span>
        ))}
    </div>
  );
}
