import { queryOptions } from '@tanstack/react-query';
import { ApiError, api, body } from './client';

/** Addresses of pictures end after some minutes. */
const GOOD_FOR_MS = 4 * 60_000;

export type PictureOf = 'alert' | 'clip' | 'track';

/** `null`: there is no picture, not yet or not any more. */
export const pictureQuery = (siteId: string, of: PictureOf, id: string) =>
  queryOptions({
    queryKey: ['picture', siteId, of, id],
    queryFn: async ({ signal }): Promise<string | null> => {
      try {
        return (await body(ask(siteId, of, id, signal))).url;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    staleTime: GOOD_FOR_MS,
    gcTime: GOOD_FOR_MS,
  });

function ask(siteId: string, of: PictureOf, id: string, signal: AbortSignal) {
  const path = { site_id: siteId };
  switch (of) {
    case 'alert':
      return api.GET('/api/v1/sites/{site_id}/alerts/{alert_id}/snapshot', {
        params: { path: { ...path, alert_id: id } },
        signal,
      });
    case 'clip':
      return api.GET('/api/v1/sites/{site_id}/alerts/{alert_id}/clip', {
        params: { path: { ...path, alert_id: id } },
        signal,
      });
    case 'track':
      return api.GET('/api/v1/sites/{site_id}/tracks/{track_id}/snapshot', {
        params: { path: { ...path, track_id: id } },
        signal,
      });
  }
}
