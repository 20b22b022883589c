import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { every } from '@/shared/api/queries';
import { type AlertFilters, alertQuery } from '../model/filters';

const PAGE = 50;

export function alertsQuery(siteId: string, filters: AlertFilters) {
  const query = alertQuery(filters);
  return infiniteQueryOptions({
    queryKey: ['alerts', siteId, query],
    queryFn: ({ signal, pageParam }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/alerts', {
          params: { path: { site_id: siteId }, query: { ...query, limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: every(4_000),
  });
}

/** The newest alerts of a camera, whatever became of them. */
export const latestAlertsQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['alerts', siteId, 'latest', cameraId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/alerts', {
          params: { path: { site_id: siteId }, query: { camera_id: [cameraId], limit: 6 } },
          signal,
        }),
      ),
    refetchInterval: every(4_000),
  });

export const alertQueryOf = (siteId: string, alertId: string) =>
  queryOptions({
    queryKey: ['alert', siteId, alertId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/alerts/{alert_id}', {
          params: { path: { site_id: siteId, alert_id: alertId } },
          signal,
        }),
      ),
    refetchInterval: every(4_000),
  });

export const commentsQuery = (siteId: string, alertId: string) =>
  queryOptions({
    queryKey: ['alert', siteId, alertId, 'comments'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/alerts/{alert_id}/comments', {
          params: { path: { site_id: siteId, alert_id: alertId }, query: { limit: 100 } },
          signal,
        }),
      ),
  });

export function review(siteId: string, alert: Schemas['Alert'], wanted: Schemas['WantedReview']) {
  return body(
    api.PUT('/api/v1/sites/{site_id}/alerts/{alert_id}/review', {
      params: { path: { site_id: siteId, alert_id: alert.id }, header: { 'if-match': `"${alert.review.version}"` } },
      body: wanted,
    }),
  );
}

export function addComment(siteId: string, alertId: string, comment: string) {
  return body(
    api.POST('/api/v1/sites/{site_id}/alerts/{alert_id}/comments', {
      params: { path: { site_id: siteId, alert_id: alertId } },
      body: { comment },
    }),
  );
}

export function markSeen(siteId: string, alertId: string) {
  return done(
    api.PUT('/api/v1/sites/{site_id}/alerts/{alert_id}/seen', {
      params: { path: { site_id: siteId, alert_id: alertId } },
    }),
  );
}
