import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { every } from '@/shared/api/queries';

const EVERY_MS = 2_000;

/** What the cameras of a site show now, by camera. */
export const liveQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['live', siteId],
    queryFn: async ({ signal }) => {
      const items = await allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/live', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      );
      return new Map(items.map((item) => [item.camera_id, item]));
    },
    refetchInterval: every(EVERY_MS),
  });

export const cameraLiveQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['live', siteId, cameraId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/cameras/{camera_id}/live', {
          params: { path: { site_id: siteId, camera_id: cameraId } },
          signal,
        }),
      ),
    refetchInterval: every(1_000),
  });

export const versionsQuery = (siteId: string, cameraId: string) =>
  queryOptions({
    queryKey: ['cameras', siteId, cameraId, 'versions'],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/cameras/{camera_id}/versions', {
          params: { path: { site_id: siteId, camera_id: cameraId }, query: { limit: 20 } },
          signal,
        }),
      ),
  });

export const cameraTestQuery = (siteId: string, testId: string) =>
  queryOptions({
    queryKey: ['camera-test', siteId, testId],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/sites/{site_id}/camera-tests/{test_id}', {
          params: { path: { site_id: siteId, test_id: testId } },
          signal,
        }),
      ),
    refetchInterval: (query) => (isOver(query.state.data) ? false : every(700)(query)),
  });

export function isOver(test: Schemas['CameraTest'] | undefined): boolean {
  return test?.state === 'done' || test?.state === 'failed';
}

export function startTest(siteId: string, wanted: Schemas['WantedTest']) {
  return body(
    api.POST('/api/v1/sites/{site_id}/camera-tests', { params: { path: { site_id: siteId } }, body: wanted }),
  );
}

export function snapshotAddress(siteId: string, testId: string): string {
  return `/api/v1/sites/${encodeURIComponent(siteId)}/camera-tests/${encodeURIComponent(testId)}/snapshot`;
}

export function createCamera(siteId: string, wanted: Schemas['WantedCamera']) {
  return body(api.POST('/api/v1/sites/{site_id}/cameras', { params: { path: { site_id: siteId } }, body: wanted }));
}

export function changeCamera(siteId: string, cameraId: string, etag: string, wanted: Schemas['WantedCamera']) {
  return body(
    api.PUT('/api/v1/sites/{site_id}/cameras/{camera_id}', {
      params: { path: { site_id: siteId, camera_id: cameraId }, header: { 'if-match': etag } },
      body: wanted,
    }),
  );
}

/** What these rules would have raised in the last hour. */
export const rulePreviewQuery = (siteId: string, cameraId: string, drawn: Schemas['DrawnRules']) =>
  queryOptions({
    queryKey: ['rule-preview', siteId, cameraId, drawn],
    queryFn: ({ signal }) =>
      body(
        api.POST('/api/v1/sites/{site_id}/cameras/{camera_id}/rule-preview', {
          params: { path: { site_id: siteId, camera_id: cameraId } },
          body: { drawn },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    refetchInterval: every(60_000),
  });
