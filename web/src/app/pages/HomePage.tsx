import { Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Retention } from '@/features/sites/components/Retention';
import { SiteForm } from '@/features/sites/components/SiteForm';
import { sessionQuery } from '@/shared/api/session';
import { taggedSiteQuery } from '@/shared/api/sites';
import { useSite } from '@/shared/api/useSite';
import { useText } from '@/shared/i18n/useText';
import { Card, Page } from '@/shared/ui/Page';
import { Notice, Queried } from '@/shared/ui/StateView';

/** Somebody who sees no site: an admin adds the first one, others wait to be let in. */
export function HomePage() {
  const { t } = useText();
  const session = useQuery(sessionQuery).data;
  if (session?.user.system_admin) return <NewSitePage />;
  return <Notice title={t('home.no-site')}>{t('home.no-site-text')}</Notice>;
}

export function NewSitePage() {
  const { t } = useText();
  const navigate = useNavigate();
  return (
    <Page width="form" title={t('site.new')} subtitle={t('site.new-text')}>
      <Card>
        <SiteForm onSaved={(site) => void navigate({ to: '/sites/$siteId/cameras', params: { siteId: site.id } })} />
      </Card>
    </Page>
  );
}

/** Name, time zone, units and place of the site, and for how long it keeps what. */
export function SiteSettingsPage() {
  const { t } = useText();
  const { siteId } = useSite();
  const client = useQueryClient();
  const query = useQuery(taggedSiteQuery(siteId));
  const [saved, setSaved] = useState(false);
  return (
    <Page width="form" title={t('nav.settings')} subtitle={query.data?.value.name}>
      <Card>
        <Queried query={query} rows={7}>
          {(site) => (
            <SiteForm
              key={site.etag}
              site={site}
              onSaved={() => {
                setSaved(true);
                void client.invalidateQueries({ queryKey: ['site', siteId] });
              }}
            />
          )}
        </Queried>
        <Text role="status" size="sm" className="said">
          {saved ? t('site.saved') : ''}
        </Text>
      </Card>
      <Retention siteId={siteId} />
    </Page>
  );
}
