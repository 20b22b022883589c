import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body, pageBody } from '@/shared/api/client';
import { type TrackFilters, trackQuery } from '../model/filters';

export function tracksQuery(siteId: string, filters: TrackFilters) {
  const query = trackQuery(filters);
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
    refetchInterval: 4_000,
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
