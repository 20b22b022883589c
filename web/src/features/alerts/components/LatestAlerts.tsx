import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { Moment, SeverityBadge } from '@/shared/ui/Words';
import { latestAlertsQuery } from '../api/queries';
import { AlertTitle } from './AlertWords';

export function LatestAlerts(props: { siteId: string; camera: Schemas['Camera']; zone: string }) {
  const { t } = useText();
  const { siteId, camera } = props;
  const query = useQuery(latestAlertsQuery(siteId, camera.id));
  const cameras = new Map([[camera.id, camera]]);
  return (
    <Card
      title={t('camera.alerts')}
      actions={
        <Link
          to="/sites/$siteId/alerts"
          params={{ siteId }}
          search={{ camera: camera.id, state: 'all' }}
          className="link"
        >
          {t('common.all')}
        </Link>
      }
    >
      <Queried
        query={query}
        rows={3}
        isEmpty={(page) => page.items.length === 0}
        empty={{ title: 'camera.no-alerts', text: 'camera.no-alerts-text' }}
      >
        {(page) => (
          <>
            {page.items.map((alert) => (
              <div key={alert.id} className="line">
                <Link
                  to="/sites/$siteId/alerts"
                  params={{ siteId }}
                  search={{ camera: camera.id, state: 'all', alert: alert.id }}
                  className="link"
                >
                  <AlertTitle alert={alert} cameras={cameras} />
                </Link>
                <Group gap="xs" wrap="nowrap">
                  <SeverityBadge value={alert.severity} />
                  <Text size="sm">
                    <Moment at={alert.captured_at} zone={props.zone} />
                  </Text>
                </Group>
              </div>
            ))}
          </>
        )}
      </Queried>
    </Card>
  );
}
