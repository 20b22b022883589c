import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useText } from '../i18n/useText';
import type { ChartSeries } from '../model/chart';

/** Counts over time. A bin that nobody watched is a gap, never a zero. The table beside it says the same in words. */
export function Chart(props: { series: ChartSeries[]; label: string; zone: string; unit: string }) {
  const { series, label, zone, unit } = props;
  const { locale } = useText();
  const dark = useComputedColorScheme('light') === 'dark';
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let stopped = false;
    let dispose = () => {};
    void import('./drawChart').then(({ drawChart }) => {
      if (!stopped) dispose = drawChart(element, { series, zone, unit, locale, dark });
    });
    return () => {
      stopped = true;
      dispose();
    };
  }, [series, zone, unit, locale, dark]);
  return <div ref={place} className="chart" role="img" aria-label={label} />;
}
