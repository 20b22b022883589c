import { useId } from 'react';
import { useText } from '@/shared/i18n/useText';
import { formatMoment } from '@/shared/model/time';
import type { Bar } from '../model/timeline';

const HEIGHT = 100;
/** A bin in which somebody looked and nobody came has a line, so that it differs from one in which nobody looked. */
const LEAST = 2;

/** How many road users came when. Time in which nobody looked is hatched. */
export function Bars(props: { bars: Bar[]; from: number; to: number; zone: string }) {
  const { t, locale } = useText();
  const hatch = useId();
  return (
    <svg className="time-bars" viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      <defs>
        <pattern id={hatch} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1={0} x2={0} y1={0} y2={6} className="time-hatch" />
        </pattern>
      </defs>
      {props.bars
        .filter((bar) => bar.watched !== 'later')
        .map((bar) => {
          const height = bar.count === null ? HEIGHT : Math.max(LEAST, bar.height * (HEIGHT - 6));
          const when = formatMoment(new Date(bar.from), props.zone, locale);
          return (
            <rect
              key={bar.from}
              x={bar.left * 1000}
              width={Math.max(bar.width * 1000 - (bar.count === null ? 0 : 0.6), 0.4)}
              y={HEIGHT - height}
              height={height}
              className="time-bar"
              data-watched={bar.watched}
              data-count={bar.count ?? 'unknown'}
              data-outside={bar.from < props.from || bar.to > props.to}
              fill={bar.count === null ? `url(#${hatch})` : undefined}
            >
              <title>
                {when}:{' '}
                {bar.count === null
                  ? t('tracks.bin-not-watched')
                  : t(bar.watched === 'partly' ? 'tracks.bin-partly' : 'tracks.bin', { count: bar.count })}
              </title>
            </rect>
          );
        })}
    </svg>
  );
}
