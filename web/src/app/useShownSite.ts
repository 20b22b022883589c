import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sitesQuery } from '@/shared/api/sites';

const STORED = 'vru.site';

/** The site of the address; on pages of the whole system, the one that was shown last, if the person still sees it. */
export function useShownSite(): string | undefined {
  const { siteId } = useParams({ strict: false });
  const sites = useQuery(sitesQuery).data ?? [];
  useEffect(() => {
    if (siteId) sessionStorage.setItem(STORED, siteId);
  }, [siteId]);
  if (siteId) return siteId;
  const last = sessionStorage.getItem(STORED);
  return (sites.find((site) => site.id === last) ?? sites[0])?.id;
}
