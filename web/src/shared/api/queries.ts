import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/** Errors that pass by themselves: asking again helps. */
function passes(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
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
