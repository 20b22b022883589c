import { Text } from '@mantine/core';
import { useMemo } from 'react';
import { useText } from '@/shared/i18n/useText';
import { Chart } from '@/shared/ui/Chart';
import { Card } from '@/shared/ui/Page';
import { chartSeries, type PlaceCounts, total } from '../model/series';

/** What one line or zone counted. */
export function PlaceCard(props: {
  place: PlaceCounts;
  title: string;
  zone: string;
  /** It counted all that there is: a file is analysed to its end, however short it is. */
  isWhole?: boolean;
}) {
  const { t, locale } = useText();
  const { place, zone } = props;
  const series = useMemo(() => chartSeries(place.series, t), [place.series, t]);
  const { count, watched } = total(place.series, new Date());
  const unit = t(place.kind === 'line' ? 'statistics.crossings' : 'statistics.visits');
  return (
    <Card title={props.title}>
      <div>
        <div>
          <span className="figure">{count.toLocaleString(locale)}</span> <span className="quiet">{unit}</span>
        </div>
        {props.isWhole ? null : (
          <Text size="sm" className="quiet">
            {watched >= 0.995
              ? t('statistics.watched-all')
              : watched > 0 && watched < 0.01
                ? t('statistics.watched-little')
                : t('statistics.watched', { percent: Math.floor(watched * 100) })}
          </Text>
        )}
      </div>
      <Chart series={series} label={t('statistics.chart', { name: props.title, count })} zone={zone} unit={unit} />
    </Card>
  );
}
