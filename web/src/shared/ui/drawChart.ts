import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { type ChartSeries, legendLines } from '../model/chart';

use([BarChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

/** One bin alone is a bar, not a wall. */
const WIDEST_PX = 64;
const LABEL_PX = 72;
const LEGEND_PX = 22;
const MINUTES = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];

/** The bins that begin at a round time, as many as have room for their label. */
function roundTimes(froms: readonly string[], zone: string, width: number): Set<number> {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  const minutes = froms.map((from) => {
    const [hour = 0, minute = 0] = clock.format(new Date(from)).split(':').map(Number);
    return 60 * hour + minute;
  });
  for (const step of MINUTES) {
    const found = minutes.flatMap((minute, bin) => (minute % step === 0 ? [bin] : []));
    if (found.length * LABEL_PX <= width) return new Set(found);
  }
  const every = Math.ceil((froms.length * LABEL_PX) / Math.max(width, LABEL_PX));
  return new Set(froms.flatMap((_, bin) => (bin % every === 0 ? [bin] : [])));
}

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
  const chart = init(element);
  const room = element.clientWidth;
  const labelled = roundTimes(froms, zone, room);
  const names = series.map((one) => one.name);
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(element).fontFamily },
    // The default tooltip is HTML with inline styles, which the policy of the page refuses.
    tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' } },
    legend: series.length > 1 ? { top: 0, textStyle: { color: text }, data: names } : undefined,
    // The unit stands between the names and the bars.
    grid: { left: 44, right: 8, top: 24 + (series.length > 1 ? LEGEND_PX * legendLines(names, room) : 0), bottom: 28 },
    xAxis: {
      type: 'category',
      data: froms.map((from) => time.format(new Date(from))),
      axisLabel: { color: text, interval: (bin: number) => labelled.has(bin), hideOverlap: true },
      axisTick: { alignWithLabel: true, interval: (bin: number) => labelled.has(bin), lineStyle: { color: line } },
      axisLine: { lineStyle: { color: line } },
    },
    yAxis: [
      {
        type: 'value',
        name: unit,
        nameTextStyle: { color: text, align: 'left' },
        minInterval: 1,
        axisLabel: { color: text },
        splitLine: { lineStyle: { color: line } },
      },
      // Of what is shaded: it reaches from the bottom to the top.
      { type: 'value', show: false, min: 0, max: 1 },
    ],
    series: [
      ...series.map((one) => ({
        name: one.name,
        type: 'bar',
        stack: 'counts',
        barMaxWidth: WIDEST_PX,
        itemStyle: { color: one.colour },
        data: one.points.map((point) => point.count ?? '-'),
      })),
      // Where nobody looked, the whole height is shaded.
      tops.some(Boolean) && {
        type: 'bar',
        yAxisIndex: 1,
        silent: true,
        barGap: '-100%',
        barCategoryGap: '0%',
        z: 0,
        tooltip: { show: false },
        // Its border fills what rounding leaves between two bars.
        itemStyle: { color: gap, borderColor: gap, borderWidth: 1 },
        data: tops.map((unknown) => (unknown ? 1 : '-')),
      },
    ].filter((one) => one !== false),
  });
  const resized = new ResizeObserver(() => chart.resize());
  resized.observe(element);
  return () => {
    resized.disconnect();
    chart.dispose();
  };
}
