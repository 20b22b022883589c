import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body } from '@/shared/api/client';
import { type TrackFilters, trackQuery } from '../model/filters';

/** Only the format Parquet, which the app does not ask for, answers with something else than a page. */
async function page<T>(answer: Parameters<typeof body<T>>[0]): Promise<Exclude<T, string>> {
  const found = await body(answer);
  if (typeof found === 'string') throw new TypeError('tracks came as a text');
  return found as Exclude<T, string>;
}

export function tracksQuery(siteId: string, filters: TrackFilters) {
  const query = trackQuery(filters);
  return infiniteQueryOptions({
    queryKey: ['tracks', siteId, query],
    queryFn: ({ signal, pageParam }) =>
      page(
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
      page(
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
