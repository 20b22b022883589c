import type { QueryClient } from '@tanstack/react-query';
import { ApiError } from '@/shared/api/client';
import { sessionQuery } from '@/shared/api/session';
import type { makeRouter } from './router';

/** When the server says that the session has ended, the person signs in again and comes back to the same page. */
export function watchSession(queries: QueryClient, router: ReturnType<typeof makeRouter>): void {
  const ended = (error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 401) return;
    if (!queries.getQueryData(sessionQuery.queryKey)) return;
    queries.setQueryData(sessionQuery.queryKey, null);
    void router.navigate({ to: '/sign-in', search: { to: router.state.location.href } });
  };
  queries.getQueryCache().config.onError = ended;
  queries.getMutationCache().config.onError = ended;
}
