import { queryOptions } from '@tanstack/react-query';
import { api, body, done } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { askAgainMs } from '../model/stage';

export const uploadsQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['uploads', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/uploads', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
    refetchInterval: (query) => askAgainMs(query.state.data),
  });

export function cancelUpload(siteId: string, uploadId: string): Promise<unknown> {
  const path = { site_id: siteId, upload_id: uploadId };
  return body(api.POST('/api/v1/sites/{site_id}/uploads/{upload_id}/cancel', { params: { path } }));
}

export function deleteUpload(siteId: string, uploadId: string): Promise<void> {
  const path = { site_id: siteId, upload_id: uploadId };
  return done(api.DELETE('/api/v1/sites/{site_id}/uploads/{upload_id}', { params: { path } }));
}
