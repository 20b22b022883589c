import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { ChartSeries } from '../model/chart';

use([BarChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface Options {
  series: ChartSeries[];
  zone: string;
  unit: string;
  locale: string;
  dark: boolean;
}

/** Returns what ends it. */
export function drawChart(element: HTMLElement, options: Options): () => void {
  const { series, zone, unit, locale, dark } = options;
  const text = dark ? '#b9c4cb' : '#4a5761';
  const line = dark ? '#333b41' : '#e2e7ea';
  const gap = dark ? '#2a3137' : '#eceff1';
  const froms = series[0]?.points.map((point) => point.from) ?? [];
  const days = new Set(froms.map((from) => new Date(from).toLocaleDateString('en', { timeZone: zone }))).size;
  const time = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    ...(days > 1 ? { day: 'numeric', month: 'short' } : {}),
    ...(days > 14 ? {} : { hour: '2-digit', minute: '2-digit' }),
  });
  const tops = froms.map((_, bin) => series.every((one) => one.points[bin]?.count == null));
  const highest = Math.max(
    1,
    ...froms.map((_, bin) => series.reduce((sum, one) => sum + (one.points[bin]?.count ?? 0), 0)),
  );
  const chart = init(element);
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(element).fontFamily },
    // The default tooltip is HTML with inline styles, which the policy of the page refuses.
    tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' } },
    legend: series.length > 1 ? { top: 0, textStyle: { color: text }, data: series.map((one) => one.name) } : undefined,
    grid: { left: 44, right: 8, top: series.length > 1 ? 36 : 24, bottom: 28 },
    xAxis: {
      type: 'category',
      data: froms.map((from) => time.format(new Date(from))),
      axisLabel: { color: text },
      axisLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: 'value',
      name: unit,
      nameTextStyle: { color: text, align: 'left' },
      minInterval: 1,
      axisLabel: { color: text },
      splitLine: { lineStyle: { color: line } },
    },
    series: [
      ...series.map((one) => ({
        name: one.name,
        type: 'bar',
        stack: 'counts',
        itemStyle: { color: one.colour },
        data: one.points.map((point) => point.count ?? '-'),
      })),
      // Where nobody looked, the whole height is shaded.
      {
        type: 'bar',
        silent: true,
        barGap: '-100%',
        barCategoryGap: '0%',
        z: 0,
        tooltip: { show: false },
        itemStyle: { color: gap },
        data: tops.map((unknown) => (unknown ? highest : '-')),
      },
    ],
  });
  const resized = new ResizeObserver(() => chart.resize());
  resized.observe(element);
  return () => {
    resized.disconnect();
    chart.dispose();
  };
}
