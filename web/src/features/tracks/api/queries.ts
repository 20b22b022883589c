import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body, pageBody, type Schemas } from '@/shared/api/client';
import { every, untilAnswered } from '@/shared/api/queries';
import type { ShownTime } from '../model/days';
import { type TrackFilters, trackQuery } from '../model/filters';

export function tracksQuery(siteId: string, filters: TrackFilters, time: ShownTime | undefined) {
  const query = trackQuery(filters, time);
  return infiniteQueryOptions({
    queryKey: ['tracks', siteId, query],
    queryFn: ({ signal, pageParam }) =>
      pageBody(
        api.GET('/api/v1/sites/{site_id}/tracks', {
          params: { path: { site_id: siteId }, query: { ...query, limit: 50, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** How many began when, over all days that are shown. */
export function trackCountsQuery(siteId: string, filters: TrackFilters, time: ShownTime, now: Date) {
  const query = { ...trackQuery(filters, { from: time.begin, to: time.end }), bin: time.bin };
  return queryOptions({
    queryKey: ['track-counts', siteId, query],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/track-counts', {
          params: { path: { site_id: siteId }, query },
          signal,
        }),
      ),
    // Those of other filters stay until they are counted; those of other days would be wrong.
    placeholderData: (before) => (covers(before, time) ? before : undefined),
    refetchInterval: time.end > now ? every(30_000) : untilAnswered,
  });
}

function covers(counts: Schemas['TrackCounts'] | undefined, time: ShownTime): boolean {
  const [first, last] = [counts?.bins[0], counts?.bins.at(-1)];
  return (
    first !== undefined &&
    last !== undefined &&
    Date.parse(first.from) === time.begin.getTime() &&
    Date.parse(last.to) === time.end.getTime()
  );
}

export const latestTracksQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['tracks', siteId, 'latest', cameraId],
    queryFn: ({ signal }) =>
      pageBody(
        api.GET('/api/v1/sites/{site_id}/tracks', {
          params: { path: { site_id: siteId }, query: { camera_id: [cameraId], limit: 6 } },
          signal,
        }),
      ),
    refetchInterval: every(4_000),
  });

export const trackDetailQuery = (siteId: string, trackId: string) =>
  queryOptions({
    queryKey: ['track', siteId, trackId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/tracks/{track_id}', {
          params: { path: { site_id: siteId, track_id: trackId } },
          signal,
        }),
      ),
  });
