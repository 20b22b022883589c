import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas, tagged } from './client';
import { allPages } from './pages';
import { every } from './queries';

export const camerasQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['cameras', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/cameras', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
    staleTime: 10_000,
  });

/** Without those that show a video file: nobody watches a street there, and at its end a file is not silent. */
export function withoutFiles(cameras: readonly Schemas['Camera'][]): Schemas['Camera'][] {
  return cameras.filter((camera) => !camera.upload_id);
}

export const cameraQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['cameras', siteId, cameraId],
    queryFn: ({ signal }) =>
      tagged(
        api.GET('/api/v1/sites/{site_id}/cameras/{camera_id}', {
          params: { path: { site_id: siteId, camera_id: cameraId } },
          signal,
        }),
      ),
    // Often until Kafka has the change; then seldom, because somebody else may change or delete the camera.
    refetchInterval: (query) => every(query.state.data?.value.pending ? 1_500 : 10_000)(query),
  });
