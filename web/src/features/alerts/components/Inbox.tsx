import { Button, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { camerasQuery } from '@/shared/api/cameras';
import type { Schemas } from '@/shared/api/client';
import { isDenied } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { Notice, Queried } from '@/shared/ui/StateView';
import { Moment, SeverityBadge } from '@/shared/ui/Words';
import { alertQueryOf, alertsQuery, markSeen, review } from '../api/queries';
import type { AlertFilters } from '../model/filters';
import { afterLeaving, commandOf, neighbour } from '../model/triage';
import { AlertDetail, DetailCard } from './AlertDetail';
import { AlertTitle } from './AlertWords';
import { DismissDialog } from './DismissDialog';
import { Filters } from './Filters';

/** The alerts of a site, which are triaged with mouse or keyboard. */
export function Inbox(props: {
  siteId: string;
  zone: string;
  operates: boolean;
  filters: AlertFilters;
  onFilters: (filters: AlertFilters) => void;
}) {
  const { t } = useText();
  const { siteId, filters, onFilters, operates } = props;
  const client = useQueryClient();
  const cameras = useQuery(camerasQuery(siteId)).data ?? [];
  const byId = new Map(cameras.map((camera) => [camera.id, camera]));
  const query = useInfiniteQuery(alertsQuery(siteId, filters));
  const list = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [dismissing, setDismissing] = useState(false);
  const { alert: selected } = filters;
  const own = useQuery({ ...alertQueryOf(siteId, selected ?? ''), enabled: selected !== undefined });
  const alert =
    selected === undefined
      ? undefined
      : (list.find((one) => one.id === selected) ?? (isDenied(own.error) ? undefined : own.data));
  // Without a list there is nothing to choose from.
  const alone = list.length === 0 && selected === undefined;
  const select = (id: string | undefined) => onFilters({ ...filters, alert: id });

  const reviewed = useMutation({
    mutationFn: (change: { alert: Schemas['Alert']; wanted: Schemas['WantedReview'] }) =>
      review(siteId, change.alert, change.wanted),
    onSuccess: async (_, change) => {
      // With a state in the filter it leaves the list, and the next one is there to be looked at.
      if ((filters.state ?? 'new') !== 'all') select(afterLeaving(list, change.alert.id)?.id);
      await client.invalidateQueries({ queryKey: ['alerts', siteId] });
      await client.invalidateQueries({ queryKey: ['alert', siteId] });
    },
    onError: () => client.invalidateQueries({ queryKey: ['alerts', siteId] }),
  });
  function decide(wanted: Schemas['WantedReview']) {
    if (alert && operates && !reviewed.isPending) reviewed.mutate({ alert, wanted });
  }

  const unseen = alert && !alert.seen ? alert.id : undefined;
  useEffect(() => {
    if (unseen) markSeen(siteId, unseen).catch(() => undefined);
  }, [siteId, unseen]);

  function press(event: KeyboardEvent) {
    const target = event.target instanceof HTMLElement ? event.target : undefined;
    const typing = dismissing || target?.closest('input, textarea, select, [role=dialog], [role=listbox]') != null;
    const command = commandOf({
      ...event,
      key: event.key,
      ctrlKey: event.ctrlKey,
      altKey: event.altKey,
      metaKey: event.metaKey,
      typing,
    });
    if (!command || command === 'help') return;
    event.preventDefault();
    if (command === 'next' || command === 'previous') {
      const to = neighbour(list, selected, command === 'next' ? 1 : -1);
      if (to) select(to.id);
    } else if (command === 'acknowledge' && alert?.review.state === 'new') decide({ state: 'acknowledged' });
    else if (command === 'dismiss' && alert?.review.state === 'new' && operates) setDismissing(true);
    else if (command === 'reopen' && alert && alert.review.state !== 'new') decide({ state: 'new' });
  }
  const pressed = useRef(press);
  pressed.current = press;
  useEffect(() => {
    const listener = (event: KeyboardEvent) => pressed.current(event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);

  return (
    <>
      <Stack gap="sm" className="narrow-list" data-chosen={selected !== undefined}>
        <Filters filters={filters} cameras={cameras} onChange={onFilters} />
      </Stack>
      <div className="two-columns" data-alone={alone}>
        <div className="narrow-list" data-chosen={selected !== undefined}>
          <Queried
            query={query}
            rows={6}
            isEmpty={() => list.length === 0 && selected === undefined}
            empty={{
              title: (filters.state ?? 'new') === 'new' ? 'alerts.none-new' : 'alerts.none',
              text: 'alerts.none-text',
            }}
          >
            {() => (
              <div className="card">
                <div role="listbox" aria-label={t('alerts.title')} tabIndex={-1}>
                  {list.map((one) => (
                    <Row
                      key={one.id}
                      alert={one}
                      cameras={byId}
                      zone={props.zone}
                      selected={one.id === selected}
                      onSelect={() => select(one.id)}
                    />
                  ))}
                </div>
                {list.length === 0 ? <Notice title={t('alerts.none')} /> : null}
                {query.hasNextPage ? (
                  <Group justify="center" p="sm">
                    <Button
                      variant="default"
                      loading={query.isFetchingNextPage}
                      onClick={() => void query.fetchNextPage()}
                    >
                      {t('common.more')}
                    </Button>
                  </Group>
                ) : null}
              </div>
            )}
          </Queried>
        </div>
        {alert ? (
          <AlertDetail
            siteId={siteId}
            alert={alert}
            cameras={byId}
            zone={props.zone}
            operates={operates}
            busy={reviewed.isPending}
            error={reviewed.error}
            onAcknowledge={() => decide({ state: 'acknowledged' })}
            onDismiss={() => setDismissing(true)}
            onReopen={() => decide({ state: 'new' })}
            onClose={() => select(undefined)}
          />
        ) : selected ? (
          // The way back to the list is there whatever the server says.
          <DetailCard onClose={() => select(undefined)}>
            <Queried query={own}>{() => null}</Queried>
          </DetailCard>
        ) : list.length > 0 ? (
          <div className="beside only-wide">
            <Notice title={t('alerts.choose')}>{t('alerts.choose-text')}</Notice>
          </div>
        ) : null}
      </div>
      {dismissing && alert ? (
        <DismissDialog
          onClose={() => setDismissing(false)}
          onDismiss={(wanted) => {
            setDismissing(false);
            decide(wanted);
          }}
        />
      ) : null}
    </>
  );
}

function Row(props: {
  alert: Schemas['Alert'];
  cameras: ReadonlyMap<string, Schemas['Camera']>;
  zone: string;
  selected: boolean;
  onSelect: () => void;
}) {
  const { t } = useText();
  const { alert, cameras } = props;
  const camera = cameras.get(alert.camera_id)?.settings.name || alert.camera_id;
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (props.selected) row.current?.scrollIntoView({ block: 'nearest' });
  }, [props.selected]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the inbox listens for keys
    // biome-ignore lint/a11y/useFocusableInteractive: the inbox moves the selection
    <div
      ref={row}
      role="option"
      aria-selected={props.selected}
      data-selected={props.selected}
      data-alert={alert.id}
      className="row"
      onClick={props.onSelect}
      style={{ padding: '0.5rem 1rem', borderBottom: '1px solid var(--edge-quiet)' }}
    >
      <div className="line">
        <Text fw={alert.seen ? 400 : 600}>
          <AlertTitle alert={alert} cameras={cameras} />
        </Text>
        <SeverityBadge value={alert.severity} />
      </div>
      <div className="line">
        <Text size="sm" className="quiet" truncate title={camera}>
          {alert.open ? `${t('alert.open')} · ` : ''}
          {alert.comments > 0 ? `${t('alerts.comments', { count: alert.comments })} · ` : ''}
          {camera}
        </Text>
        <Text size="sm" className="quiet">
          <Moment at={alert.captured_at} zone={props.zone} />
        </Text>
      </div>
    </div>
  );
}
