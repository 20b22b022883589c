import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Schemas } from './client';
import { isAtLeast, sessionQuery } from './session';
import { siteQuery, sitesQuery } from './sites';

/** The site of the address, its time zone, and what the person may do there. */
export function useSite(): {
  siteId: string;
  site: Schemas['Site'] | undefined;
  zone: string;
  operates: boolean;
  administers: boolean;
} {
  const { siteId = '' } = useParams({ strict: false });
  const own = useQuery(siteQuery(siteId)).data;
  // The shell has asked for all of them already: a page does not begin with the times of another zone.
  const listed = useQuery(sitesQuery).data?.find((one) => one.id === siteId);
  const site = own ?? listed;
  const session = useQuery(sessionQuery).data;
  return {
    siteId,
    site,
    zone: site?.time_zone ?? 'UTC',
    operates: isAtLeast(session, siteId, 'operator'),
    administers: isAtLeast(session, siteId, 'admin'),
  };
}
