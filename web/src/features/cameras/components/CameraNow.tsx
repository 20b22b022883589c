import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { isDenied } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { PictureFrame, Polygon } from '@/shared/ui/Picture';
import { Outdated } from '@/shared/ui/StateView';
import { cameraLiveQuery } from '../api/queries';
import { HealthLine } from './CameraList';
import { CameraTest } from './CameraTest';
import { WhoIsThere } from './WhoIsThere';

/** What the camera shows now, and a picture on demand, on which its zones and lines are drawn. */
export function CameraNow(props: {
  siteId: string;
  camera: Schemas['Camera'];
  operates: boolean;
  picture?: ReactNode;
}) {
  const { t, locale } = useText();
  const { camera } = props;
  const query = useQuery(cameraLiveQuery(props.siteId, camera.id));
  const live = isDenied(query.error) ? undefined : query.data;
  const [picture, setPicture] = useState<string>();
  const frame = live?.frame;
  const { zones = [], lines = [], pull } = camera.settings;
  return (
    <Card title={t('camera.now')}>
      <Outdated query={query} />
      <HealthLine camera={camera} states={live && new Map([[camera.id, live]])} />
      <WhoIsThere live={live} zones={zones} />
      {props.picture ?? (
        <PictureFrame
          src={picture}
          alt={t('camera.picture', { name: camera.settings.name || camera.id })}
          note={picture ? undefined : t('camera.no-picture')}
        >
          {zones.map((zone) => (
            <Polygon key={zone.id} points={zone.polygon} closed colour="#f08c00" />
          ))}
          {lines.map((line) => (
            <Polygon key={line.id} points={line.points} closed={false} colour="#4dabf7" />
          ))}
        </PictureFrame>
      )}
      {props.operates && pull ? (
        <CameraTest
          siteId={props.siteId}
          wanted={() => ({ camera_id: camera.id })}
          label={t(props.picture ? 'form.test' : 'camera.test')}
          onPicture={setPicture}
        />
      ) : null}
      {frame && live?.state === 'live' ? (
        <Text size="sm" className="quiet">
          {t('camera.frame', {
            width: frame.width,
            height: frame.height,
            rate: frame.frames_per_second.toLocaleString(locale, { maximumFractionDigits: 1 }),
            lag: frame.lag_ms,
          })}
        </Text>
      ) : null}
    </Card>
  );
}
