import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { countsQuery } from '@/shared/api/counts';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { range } from '../model/range';
import { byPlace } from '../model/series';
import { PlaceCard } from './PlaceCard';

/** What the lines and zones of one camera counted today. */
export function CountsToday(props: { siteId: string; camera: Schemas['Camera']; zone: string }) {
  const { t } = useText();
  const { camera } = props;
  const now = useNow();
  const asked = { ...range({ span: 'today' }, now, props.zone), camera_id: [camera.id], group_by: ['class' as const] };
  const query = useQuery(countsQuery(props.siteId, asked));
  const { lines = [], zones = [] } = camera.settings;
  if (lines.length + zones.length === 0) return <Card title={t('camera.counts')}>{t('camera.no-shapes')}</Card>;
  return (
    <Queried query={query} rows={2}>
      {(counts) => (
        <>
          {byPlace(counts).map((place) => (
            <PlaceCard
              key={place.key}
              place={place}
              title={t('camera.counts-of', {
                name: [...lines, ...zones].find((one) => one.id === place.id)?.name || place.id,
              })}
              zone={props.zone}
            />
          ))}
        </>
      )}
    </Queried>
  );
}

/** The time, once a minute: the range of a chart changes with it, and the chart is not drawn again otherwise. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
