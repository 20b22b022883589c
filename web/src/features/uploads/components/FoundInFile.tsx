import { Group, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { ClassName, SeverityBadge } from '@/shared/ui/Words';
import { alertsOfFileQuery, tracksOfFileQuery } from '../api/queries';
import { clock } from '../model/frames';
import { numbersOf } from '../model/numbers';

interface Asked {
  upload: Schemas['Upload'];
  cameraId: string;
  /** Shows the picture at this time. */
  onSeek: (seconds: number) => void;
}

function since(upload: Schemas['Upload'], at: string): number {
  return Math.max(0, (Date.parse(at) - Date.parse(upload.start_time)) / 1000);
}

/** The alerts of a file in the order of its pictures. */
export function AlertsInFile(props: Asked & { title: (alert: Schemas['Alert']) => ReactNode }) {
  const { t } = useText();
  const { upload, cameraId } = props;
  return (
    <Card title={t('playback.alerts')}>
      <Queried
        query={useQuery(alertsOfFileQuery(upload.site_id, cameraId))}
        rows={3}
        isEmpty={(list) => list.length === 0}
        empty={{ title: 'playback.no-alerts' }}
      >
        {(list) => (
          <div className="found">
            {list.toReversed().map((alert) => (
              <Row key={alert.id} seconds={since(upload, alert.captured_at)} onSeek={props.onSeek}>
                <span>{props.title(alert)}</span>
                <SeverityBadge value={alert.severity} />
              </Row>
            ))}
          </div>
        )}
      </Queried>
    </Card>
  );
}

/** The road users of a file in the order in which they came. */
export function TracksInFile(props: Asked) {
  const { t } = useText();
  const { upload, cameraId } = props;
  return (
    <Card title={t('playback.tracks')}>
      <Queried
        query={useQuery(tracksOfFileQuery(upload.site_id, cameraId))}
        rows={3}
        isEmpty={(list) => list.length === 0}
        empty={{ title: 'playback.no-tracks' }}
      >
        {(list) => (
          <div className="found">
            {list.toReversed().map((track) => (
              <Row key={track.id} seconds={since(upload, track.first_seen)} onSeek={props.onSeek}>
                <ClassName value={track.class} />
                <span className="quiet">{numbersOf(list).get(track.id)}</span>
              </Row>
            ))}
          </div>
        )}
      </Queried>
    </Card>
  );
}

function Row(props: { seconds: number; onSeek: (seconds: number) => void; children: ReactNode }) {
  return (
    <UnstyledButton onClick={() => props.onSeek(props.seconds + 0.001)}>
      <Group gap="sm" wrap="nowrap">
        <span className="figures quiet">{clock(props.seconds)}</span>
        {props.children}
      </Group>
    </UnstyledButton>
  );
}
