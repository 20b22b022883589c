import { queryOptions } from '@tanstack/react-query';
import { api, body, tagged } from './client';
import { allPages } from './pages';

/** The sites that the person sees. */
export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: ({ signal }) =>
    allPages((cursor) => body(api.GET('/api/v1/sites', { params: { query: { limit: 100, cursor } }, signal }))),
  staleTime: 60_000,
});

export const siteQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['site', siteId],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/sites/{site_id}', { params: { path: { site_id: siteId } }, signal })),
    staleTime: 60_000,
  });

/** For who changes the site: with the version that they change. It is not replaced under their hands. */
export const taggedSiteQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['site', siteId, 'tagged'],
    queryFn: ({ signal }) =>
      tagged(api.GET('/api/v1/sites/{site_id}', { params: { path: { site_id: siteId } }, signal })),
    refetchOnWindowFocus: false,
  });
