import { queryOptions } from '@tanstack/react-query';
import { ApiError, api, body, type Schemas } from './client';

export type Role = Schemas['Role'];

/** `null`: nobody is logged in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Schemas['Session'] | null> => {
    try {
      return await body(api.GET('/api/v1/session', { signal }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

const RANKS: Record<Role, number> = { viewer: 1, operator: 2, admin: 3 };

/** What the person may do at the site; the server decides, this only hides what it would refuse. */
export function isAtLeast(session: Schemas['Session'] | null | undefined, siteId: string, role: Role): boolean {
  if (!session) return false;
  if (session.user.system_admin) return true;
  const own = session.sites.find((site) => site.site_id === siteId)?.role;
  return own !== undefined && RANKS[own] >= RANKS[role];
}
