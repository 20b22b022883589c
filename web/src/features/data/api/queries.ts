import { queryOptions } from '@tanstack/react-query';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { askAgainMs } from '../model/jobs';

export const deletionsQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['deletions', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/deletions', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
    refetchInterval: (query) => askAgainMs(query.state.data, new Date()),
  });

export const exportsQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['exports', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/exports', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
    refetchInterval: (query) => askAgainMs(query.state.data, new Date()),
  });

export interface Wanted {
  siteId: string;
  cameraId: string;
  range: Schemas['DataRange'];
}

export function makeDeletion({ siteId, cameraId, range }: Wanted) {
  const path = { site_id: siteId, camera_id: cameraId };
  return body(api.POST('/api/v1/sites/{site_id}/cameras/{camera_id}/deletions', { params: { path }, body: range }));
}

export function makeExport({ siteId, cameraId, range }: Wanted) {
  const path = { site_id: siteId, camera_id: cameraId };
  return body(api.POST('/api/v1/sites/{site_id}/cameras/{camera_id}/exports', { params: { path }, body: range }));
}

/** The address ends after some minutes, and each is in the audit log: it is asked for when somebody wants the file. */
export async function archiveAddress(job: Schemas['Export']): Promise<string> {
  const path = { site_id: job.site_id, export_id: job.id };
  return (await body(api.GET('/api/v1/sites/{site_id}/exports/{export_id}/archive', { params: { path } }))).url;
}

export function removeExport(job: Schemas['Export']): Promise<void> {
  const path = { site_id: job.site_id, export_id: job.id };
  return done(api.DELETE('/api/v1/sites/{site_id}/exports/{export_id}', { params: { path } }));
}
