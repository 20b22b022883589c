import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '@/shared/api/client';
import { countsQuery } from '@/shared/api/counts';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { fileAddress, rangeOfFile } from '../model/range';
import { byPlace } from '../model/series';
import { PlaceCard } from './PlaceCard';

/** What the lines and zones of a video file counted in it. */
export function CountsOfFile(props: {
  siteId: string;
  camera: Schemas['Camera'];
  startTime: string;
  /** Of the video; `undefined` while nobody knows. */
  seconds: number | undefined;
  zone: string;
}) {
  const { t } = useText();
  const { siteId, camera } = props;
  const asked = {
    ...rangeOfFile(props.startTime, props.seconds),
    camera_id: [camera.id],
    video: 'file' as const,
    group_by: ['class' as const],
  };
  const query = useQuery(countsQuery(siteId, asked));
  const { lines = [], zones = [] } = camera.settings;
  if (lines.length + zones.length === 0) return <Card>{t('playback.no-counts')}</Card>;
  return (
    <Queried query={query} rows={2}>
      {(counts) => (
        <>
          {byPlace(counts).map((place) => (
            <PlaceCard
              key={place.key}
              place={place}
              title={t('playback.counts', {
                name: [...lines, ...zones].find((one) => one.id === place.id)?.name || place.id,
              })}
              zone={props.zone}
              isWhole
            />
          ))}
          <div>
            <Button component="a" variant="default" href={fileAddress(siteId, asked, 'csv')} download>
              {t('playback.csv')}
            </Button>
          </div>
        </>
      )}
    </Queried>
  );
}
