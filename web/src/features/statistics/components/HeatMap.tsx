import { Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, body } from '@/shared/api/client';
import { every } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { startOfDay } from '@/shared/model/time';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { useNow } from '@/shared/ui/useNow';
import { heatCells } from '../model/heat';

const QUARTER_MS = 15 * 60_000;

/** Where road users were today, over a picture of the camera. */
export function HeatMap(props: {
  siteId: string;
  cameraId: string;
  zone: string;
  picture: (heat: ReactNode) => ReactNode;
}) {
  const { t, locale } = useText();
  const { siteId, cameraId, zone } = props;
  const now = useNow();
  const from = startOfDay(now, zone).toISOString();
  const to = new Date(Math.ceil((now.getTime() + 1) / QUARTER_MS) * QUARTER_MS).toISOString();
  const query = useQuery({
    queryKey: ['heat', siteId, cameraId, from, to],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/cameras/{camera_id}/heat-map', {
          params: { path: { site_id: siteId, camera_id: cameraId }, query: { from, to } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: every(60_000),
  });
  return (
    <Card title={t('camera.heat')}>
      <Queried query={query} rows={2}>
        {(map) => {
          const { cells, longest } = heatCells(map.seconds);
          const heat = cells.map((cell) => (
            <rect
              key={`${cell.x} ${cell.y}`}
              x={cell.x}
              y={cell.y}
              width={cell.width}
              height={cell.height}
              fill={`hsl(${48 - 40 * (1 - cell.strength)} 100% ${30 + 35 * cell.strength}%)`}
              opacity={0.25 + 0.55 * cell.strength}
            />
          ));
          return (
            <>
              {props.picture(<g className="heat">{heat}</g>)}
              <Text size="sm" className="quiet">
                {map.watched_seconds > 0
                  ? t('camera.heat-text', {
                      tracks: map.tracks,
                      seconds: longest.toLocaleString(locale, { maximumFractionDigits: 0 }),
                    })
                  : t('camera.heat-unwatched')}
              </Text>
            </>
          );
        }}
      </Queried>
    </Card>
  );
}
