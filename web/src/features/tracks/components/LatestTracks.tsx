import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useText } from '@/shared/i18n/useText';
import { formatDuration } from '@/shared/model/time';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { ClassName, Moment } from '@/shared/ui/Words';
import { latestTracksQuery } from '../api/queries';

export function LatestTracks(props: { siteId: string; cameraId: string; zone: string }) {
  const { t, locale } = useText();
  const { siteId, cameraId } = props;
  const query = useQuery(latestTracksQuery(siteId, cameraId));
  return (
    <Card
      title={t('camera.tracks')}
      actions={
        <Link to="/sites/$siteId/tracks" params={{ siteId }} search={{ camera: cameraId }} className="link">
          {t('common.all')}
        </Link>
      }
    >
      <Queried query={query} rows={3} isEmpty={(page) => page.items.length === 0} empty={{ title: 'camera.no-tracks' }}>
        {(page) => (
          <>
            {page.items.map((track) => (
              <div key={track.id} className="line">
                <Link to="/sites/$siteId/tracks/$trackId" params={{ siteId, trackId: track.id }} className="link">
                  <ClassName value={track.class} />
                </Link>
                <Text size="sm">
                  {formatDuration(track.duration_s, locale)} · <Moment at={track.first_seen} zone={props.zone} />
                </Text>
              </div>
            ))}
          </>
        )}
      </Queried>
    </Card>
  );
}
