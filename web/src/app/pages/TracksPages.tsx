import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { TrackTable } from '@/features/tracks/components/TrackTable';
import { TrackView } from '@/features/tracks/components/TrackView';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function TracksPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  const filters = useSearch({ from: '/inside/sites/$siteId/tracks' });
  const navigate = useNavigate();
  return (
    <Page title={t('tracks.title')} subtitle={t('tracks.text', { zone })}>
      <TrackTable
        siteId={siteId}
        zone={zone}
        filters={filters}
        onFilters={(next) => void navigate({ to: '/sites/$siteId/tracks', params: { siteId }, search: next })}
      />
    </Page>
  );
}

export function TrackPage() {
  const { t } = useText();
  const { siteId, zone } = useSite();
  const { trackId = '' } = useParams({ strict: false });
  return (
    <Page title={t('tracks.one')} subtitle={trackId}>
      <TrackView siteId={siteId} trackId={trackId} zone={zone} />
    </Page>
  );
}
