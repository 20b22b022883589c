import { queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/shared/api/client';
import { batched } from '@/shared/model/batch';

type Shown = Schemas['ShownTrack'];

/** As many as a screen has rows. The audit log has one entry for each question. */
const LIMITS = { most: 50, waitMs: 40 };
/** An address is asked for again before it ends. */
const SPARE_MS = 15_000;
/** The picture of an alert that has just been raised is stored some seconds later. */
const LOOK_AGAIN_MS = 4_000;
const LOOKS = 4;

const questions = new Map<string, (trackId: string) => Promise<Shown | undefined>>();

function ofSite(siteId: string) {
  const known = questions.get(siteId);
  if (known) return known;
  const made = batched(async (ids) => {
    const { items } = await body(
      api.GET('/api/v1/sites/{site_id}/track-snapshots', {
        params: { path: { site_id: siteId }, query: { track_id: ids } },
      }),
    );
    return new Map(items.map((item) => [item.track_id, item]));
  }, LIMITS);
  questions.set(siteId, made);
  return made;
}

/** The picture of one row. Rows that come into sight together ask together. */
export const snapshotQuery = (siteId: string, trackId: string) =>
  queryOptions({
    queryKey: ['track-snapshot', siteId, trackId],
    queryFn: async (): Promise<Shown> =>
      (await ofSite(siteId)(trackId)) ?? { track_id: trackId, state: 'not_found' satisfies Schemas['SnapshotState'] },
    staleTime: ({ state }) => {
      const ends = state.data?.expires_at;
      return ends ? Math.max(0, Date.parse(ends) - SPARE_MS - state.dataUpdatedAt) : 0;
    },
    gcTime: 4 * 60_000,
    refetchInterval: ({ state }) =>
      state.data?.state === 'missing' && state.dataUpdateCount < LOOKS ? LOOK_AGAIN_MS : false,
  });
