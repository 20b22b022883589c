import { queryOptions } from '@tanstack/react-query';
import { api, body, done, pageBody, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { every } from '@/shared/api/queries';
import { rangeOf } from '../model/frames';
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
    refetchInterval: (query) => every(askAgainMs(query.state.data))(query),
  });

export function cancelUpload(siteId: string, uploadId: string): Promise<unknown> {
  const path = { site_id: siteId, upload_id: uploadId };
  return body(api.POST('/api/v1/sites/{site_id}/uploads/{upload_id}/cancel', { params: { path } }));
}

export function deleteUpload(siteId: string, uploadId: string): Promise<void> {
  const path = { site_id: siteId, upload_id: uploadId };
  return done(api.DELETE('/api/v1/sites/{site_id}/uploads/{upload_id}', { params: { path } }));
}

export const uploadQuery = (siteId: string, uploadId: string) =>
  queryOptions({
    queryKey: ['uploads', siteId, uploadId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/uploads/{upload_id}', {
          params: { path: { site_id: siteId, upload_id: uploadId } },
          signal,
        }),
      ),
    refetchInterval: (query) => every(askAgainMs(query.state.data ? [query.state.data] : undefined))(query),
  });

/** The address of the file ends after some minutes. Each is in the audit log: it is asked for when somebody wants to see it. */
export const videoQuery = (siteId: string, uploadId: string) =>
  queryOptions({
    queryKey: ['uploads', siteId, uploadId, 'video'],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET('/api/v1/sites/{site_id}/uploads/{upload_id}/video', {
            params: { path: { site_id: siteId, upload_id: uploadId } },
            signal,
          }),
        )
      ).url,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });

/** The frames of a part of the file. */
export function readFrames(upload: Schemas['Upload'], part: number, signal: AbortSignal) {
  const { from, to } = rangeOf(upload.start_time, part);
  return allPages((cursor) =>
    body(
      api.GET('/api/v1/sites/{site_id}/uploads/{upload_id}/frames', {
        params: { path: { site_id: upload.site_id, upload_id: upload.id }, query: { from, to, limit: 200, cursor } },
        signal,
      }),
    ),
  );
}

export const alertsOfFileQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['alerts', siteId, 'of-file', cameraId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/alerts', {
            params: { path: { site_id: siteId }, query: { camera_id: [cameraId], limit: 200, cursor } },
            signal,
          }),
        ),
      ),
  });

/** The road users of a file, the last first. */
export const tracksOfFileQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['tracks', siteId, 'of-file', cameraId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        pageBody(
          api.GET('/api/v1/sites/{site_id}/tracks', {
            params: { path: { site_id: siteId }, query: { camera_id: [cameraId], limit: 200, cursor } },
            signal,
          }),
        ),
      ),
  });
