import { queryOptions } from '@tanstack/react-query';
import { api, body } from './client';
import { allPages } from './pages';

export const membersQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['members', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/members', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
  });

/** For system admins only. */
export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) =>
    allPages((cursor) => body(api.GET('/api/v1/users', { params: { query: { limit: 100, cursor } }, signal }))),
});
