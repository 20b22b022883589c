import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '@/shared/api/client';
import { countsQuery } from '@/shared/api/counts';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { useNow } from '@/shared/ui/useNow';
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
