import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, body, type Schemas } from './client';
import { every } from './queries';

export interface CountsAsked {
  from: string;
  to: string;
  bin: Schemas['BinLength'];
  camera_id?: string[];
  video?: 'file';
  line_id?: string[];
  zone_id?: string[];
  class?: Schemas['RoadUserClass'][];
  group_by?: Schemas['CountGrouping'][];
}

export const countsQuery = (siteId: string, asked: CountsAsked) =>
  queryOptions({
    queryKey: ['counts', siteId, asked],
    queryFn: async ({ signal }) => {
      const params = { path: { site_id: siteId }, query: asked };
      const counts = await body(api.GET('/api/v1/sites/{site_id}/counts', { params, signal }));
      // Only the format CSV, which is a link, answers with a text.
      if (typeof counts === 'string') throw new TypeError('counts came as a text');
      return counts;
    },
    placeholderData: keepPreviousData,
    refetchInterval: every(30_000),
  });
