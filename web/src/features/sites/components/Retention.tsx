import { Button, Checkbox, NumberInput, Stack, Text } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, type Schemas, type Tagged, tagged } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Queried } from '@/shared/ui/StateView';
import { daysOf, KINDS, shortened } from '../model/retention';

const retentionQuery = (siteId: string) =>
  queryOptions({
    queryKey: ['retention', siteId],
    queryFn: ({ signal }) =>
      tagged(api.GET('/api/v1/sites/{site_id}/retention', { params: { path: { site_id: siteId } }, signal })),
    refetchOnWindowFocus: false,
  });

/** For how many days the site keeps each kind of data. */
export function Retention(props: { siteId: string }) {
  const { t } = useText();
  const query = useQuery(retentionQuery(props.siteId));
  const [saved, setSaved] = useState(false);
  return (
    <Card title={t('retention.title')}>
      <Text size="sm" className="quiet">
        {t('retention.text')}
      </Text>
      <Queried query={query} rows={6}>
        {(found) => <Form key={found.etag} siteId={props.siteId} found={found} onSaved={() => setSaved(true)} />}
      </Queried>
      <Text role="status" size="sm" className="said">
        {saved ? t('retention.saved') : ''}
      </Text>
    </Card>
  );
}

function Form(props: { siteId: string; found: Tagged<Schemas['SiteRetention']>; onSaved: () => void }) {
  const { t, locale } = useText();
  const { siteId, found, onSaved } = props;
  const { longest, days: before } = found.value;
  const client = useQueryClient();
  const [days, setDays] = useState<Schemas['RetentionDays']>(before);
  const [sure, setSure] = useState(false);
  const shorter = shortened(before, days, longest);
  const saved = useMutation({
    mutationFn: () =>
      body(
        api.PUT('/api/v1/sites/{site_id}/retention', {
          params: { path: { site_id: siteId }, header: { 'if-match': found.etag } },
          body: days,
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries(retentionQuery(siteId));
      onSaved();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saved.mutate();
      }}
    >
      <Stack gap="sm" align="flex-start" maw="64rem">
        <div className="fields">
          {KINDS.map((kind) => (
            <NumberInput
              key={kind}
              label={t(`retention.${kind}`)}
              description={
                longest[kind] ? t('retention.most', { days: longest[kind].toLocaleString(locale) }) : undefined
              }
              value={days[kind] ?? ''}
              min={1}
              max={longest[kind] ?? undefined}
              allowDecimal={false}
              suffix={` ${t('retention.days')}`}
              hideControls
              onChange={(value) => {
                setSure(false);
                setDays({ ...days, [kind]: daysOf(value) });
              }}
            />
          ))}
        </div>
        {shorter.length > 0 ? (
          <Checkbox
            label={t('retention.sure', { kinds: shorter.map((kind) => t(`retention.${kind}`)).join('; ') })}
            checked={sure}
            onChange={(event) => setSure(event.currentTarget.checked)}
          />
        ) : null}
        <FailureText error={saved.error} />
        <Button type="submit" loading={saved.isPending} disabled={shorter.length > 0 && !sure}>
          {t('form.save')}
        </Button>
      </Stack>
    </form>
  );
}
