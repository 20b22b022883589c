import { Button, Group, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { pictureQuery } from '@/shared/api/pictures';
import { useText } from '@/shared/i18n/useText';
import { CLASS_COLOURS } from '@/shared/model/classes';
import { FailureText } from '@/shared/ui/FailureText';
import { Box, Polygon, StoredPicture } from '@/shared/ui/Picture';
import { Queried } from '@/shared/ui/StateView';
import { Moment, SeverityBadge } from '@/shared/ui/Words';
import { addComment, commentsQuery } from '../api/queries';
import { AlertTitle } from './AlertWords';

/** What stands beside the list, and on a phone in its place. */
export function DetailCard(props: { onClose: () => void; children: ReactNode }) {
  const { t } = useText();
  return (
    <Stack gap="sm" p="md" className="card beside" aria-live="polite">
      <Button hiddenFrom="md" variant="default" size="xs" onClick={props.onClose} style={{ alignSelf: 'flex-start' }}>
        {t('alerts.back')}
      </Button>
      {props.children}
    </Stack>
  );
}

/** One alert: the picture with the zone and the box, what became of it, and what people said. */
export function AlertDetail(props: {
  siteId: string;
  alert: Schemas['Alert'];
  cameras: ReadonlyMap<string, Schemas['Camera']>;
  zone: string;
  operates: boolean;
  busy: boolean;
  error: unknown;
  onAcknowledge: () => void;
  onDismiss: () => void;
  onReopen: () => void;
  onClose: () => void;
}) {
  const { t } = useText();
  const { siteId, alert, cameras } = props;
  const camera = cameras.get(alert.camera_id);
  const zone = camera?.settings.zones?.find((one) => one.id === alert.zone_id);
  const line = camera?.settings.lines?.find((one) => one.id === alert.line_id);
  const state = alert.review.state;
  return (
    <DetailCard onClose={props.onClose}>
      <Title order={2}>
        <AlertTitle alert={alert} cameras={cameras} />
      </Title>
      <StoredPicture siteId={siteId} of="alert" id={alert.id} exists={alert.has_snapshot} alt={t('alert.picture')}>
        {zone ? <Polygon points={zone.polygon} closed colour="#f08c00" dashed /> : null}
        {line ? <Polygon points={line.points} closed={false} colour="#4dabf7" dashed /> : null}
        {alert.box ? <Box box={alert.box} colour={alert.class ? CLASS_COLOURS[alert.class] : '#fff'} /> : null}
      </StoredPicture>
      <Group gap="xs">
        <SeverityBadge value={alert.severity} />
        <Text size="sm">
          <Moment at={alert.captured_at} zone={props.zone} />
        </Text>
        {alert.open ? (
          <Text size="sm" fw={600}>
            {t('alert.open')}
          </Text>
        ) : null}
      </Group>
      <Text size="sm">
        {camera ? (
          <Link to="/sites/$siteId/cameras/$cameraId" params={{ siteId, cameraId: camera.id }} className="link">
            {camera.settings.name || camera.id}
          </Link>
        ) : (
          alert.camera_id
        )}
        {alert.tracks.map((track, index) => (
          <span key={track}>
            {' · '}
            <Link to="/sites/$siteId/tracks/$trackId" params={{ siteId, trackId: track }} className="link">
              {alert.tracks.length > 1 ? t('alert.track-number', { number: index + 1 }) : t('alert.track')}
            </Link>
          </span>
        ))}
      </Text>
      {alert.has_clip ? <Clip key={alert.id} siteId={siteId} id={alert.id} /> : null}
      <Text size="sm" data-review={state}>
        {t(`review.is-${state}`)}
        {alert.review.user_name ? ` · ${alert.review.user_name}` : ''}
        {alert.review.reason ? ` · ${t(`reason.${alert.review.reason}`)}` : ''}
        {alert.review.note ? ` · ${alert.review.note}` : ''}
      </Text>
      {props.operates ? (
        <Group gap="xs">
          {state === 'new' ? (
            <>
              <Button loading={props.busy} onClick={props.onAcknowledge}>
                {t('alert.acknowledge')} (A)
              </Button>
              <Button variant="default" onClick={props.onDismiss}>
                {t('alert.dismiss')} (D)
              </Button>
            </>
          ) : (
            <Button variant="default" loading={props.busy} onClick={props.onReopen}>
              {t('alert.reopen')} (U)
            </Button>
          )}
        </Group>
      ) : null}
      <FailureText error={props.error} titled />
      <Comments siteId={siteId} alertId={alert.id} zone={props.zone} operates={props.operates} />
    </DetailCard>
  );
}

function Clip(props: { siteId: string; id: string }) {
  const { t } = useText();
  const [wanted, setWanted] = useState(false);
  const query = useQuery({ ...pictureQuery(props.siteId, 'clip', props.id), enabled: wanted });
  if (!wanted) {
    return (
      <Button variant="default" size="xs" onClick={() => setWanted(true)} style={{ alignSelf: 'flex-start' }}>
        {t('alert.show-clip')}
      </Button>
    );
  }
  return (
    <Queried query={query} rows={1}>
      {(address) =>
        address ? (
          // biome-ignore lint/a11y/useMediaCaption: cameras have no sound
          <video src={address} controls autoPlay style={{ width: '100%', borderRadius: 6 }} />
        ) : (
          <Text size="sm" className="quiet">
            {t('alert.no-clip')}
          </Text>
        )
      }
    </Queried>
  );
}

function Comments(props: { siteId: string; alertId: string; zone: string; operates: boolean }) {
  const { t } = useText();
  const { siteId, alertId } = props;
  const query = useQuery(commentsQuery(siteId, alertId));
  const client = useQueryClient();
  const [draft, setDraft] = useState('');
  const added = useMutation({
    mutationFn: () => addComment(siteId, alertId, draft.trim()),
    onSuccess: () => {
      setDraft('');
      return client.invalidateQueries({ queryKey: ['alert', siteId, alertId] });
    },
  });
  return (
    <Stack gap="xs">
      <Title order={3}>{t('comments.title')}</Title>
      <Queried query={query} rows={1}>
        {(page) => (
          <>
            {page.items.map((comment) => (
              <div key={comment.id}>
                <Text size="sm" className="quiet">
                  {comment.user_name ?? t('comments.somebody')} · <Moment at={comment.at} zone={props.zone} />
                </Text>
                <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                  {comment.comment}
                </Text>
              </div>
            ))}
          </>
        )}
      </Queried>
      {props.operates ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (draft.trim()) added.mutate();
          }}
        >
          <Stack gap="xs" align="flex-start">
            <Textarea
              w="100%"
              aria-label={t('comments.new')}
              placeholder={t('comments.new')}
              autosize
              minRows={1}
              maxLength={2000}
              value={draft}
              onChange={(event) => setDraft(event.currentTarget.value)}
            />
            <Button type="submit" size="xs" variant="default" loading={added.isPending} disabled={!draft.trim()}>
              {t('comments.add')}
            </Button>
          </Stack>
        </form>
      ) : null}
      <FailureText error={added.error} />
    </Stack>
  );
}
