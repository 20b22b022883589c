import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/** The server cannot be reached, or cannot answer. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

/** Errors that pass by themselves: asking again helps. */
function passes(error: unknown): boolean {
  return isAway(error) || (error instanceof ApiError && error.status === 429);
}

/** What was asked for is gone, or this person may not see it any more: what was shown of it before is not true now. */
export function isDenied(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 403 || error.status === 404);
}

/** An answer that denies seldom changes. */
const DENIED_AGAIN_MS = 30_000;

/** How soon a query asks again. */
export function every(ms: number): (query: { state: { error: Error | null } }) => number {
  return ({ state }) => (isDenied(state.error) ? Math.max(ms, DENIED_AGAIN_MS) : ms);
}

const FAILED_AGAIN_MS = 5_000;

/** When a query asks again that does so for no other reason: after an error that passes, as the page says of itself. */
export function untilAnswered({ state }: { state: { error: Error | null } }): number | false {
  return passes(state.error) ? FAILED_AGAIN_MS : false;
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchInterval: untilAnswered,
        // A server that restarts is back within seconds; what is asked for in intervals asks again anyway.
        retry: (count, error) => passes(error) && count < 2,
        retryDelay: (count, error) =>
          error instanceof ApiError && error.retryAfterSeconds !== undefined
            ? Math.min(error.retryAfterSeconds, 30) * 1000
            : Math.min(500 * 2 ** count, 5_000),
        // The browser says "offline" of networks only; this machine's server is reachable without one.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}
