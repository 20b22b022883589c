import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { StoredPicture } from '@/shared/ui/Picture';
import { latestAlertsQuery } from '../api/queries';

/** The newest picture that an alert of the camera has, with something drawn on it. */
export function NewestPicture(props: { siteId: string; cameraId: string; alt: string; children: ReactNode }) {
  // Another picture with each alert would be restless: the one of the first look stays.
  const query = useQuery({ ...latestAlertsQuery(props.siteId, props.cameraId), refetchInterval: false });
  const alert = query.data?.items.findLast((one) => one.has_snapshot);
  return (
    <StoredPicture siteId={props.siteId} of="alert" id={alert?.id ?? ''} exists={alert !== undefined} alt={props.alt}>
      {props.children}
    </StoredPicture>
  );
}
