import { Button, Group, PasswordInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, done, type Schemas } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import { every } from '@/shared/api/queries';
import { useText } from '@/shared/i18n/useText';
import { AskingButton } from '@/shared/ui/AskingButton';
import { DataTable } from '@/shared/ui/DataTable';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Secret } from '@/shared/ui/Secret';
import { Queried } from '@/shared/ui/StateView';
import { Moment } from '@/shared/ui/Words';
import { isBroker } from '../model/target';

/** Addresses that are told of alerts, and whether they accept what they are told. */
export function Webhooks(props: { siteId: string; zone: string }) {
  const { t } = useText();
  const { siteId } = props;
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['webhooks', siteId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        body(
          api.GET('/api/v1/sites/{site_id}/webhooks', {
            params: { path: { site_id: siteId }, query: { limit: 100, cursor } },
            signal,
          }),
        ),
      ),
    refetchInterval: every(10_000),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['webhooks', siteId] });
  return (
    <>
      <NewWebhook siteId={siteId} onMade={refresh} />
      <Card>
        <Queried
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={{ title: 'webhooks.none', text: 'webhooks.none-text' }}
        >
          {(list) => (
            <DataTable
              label={t('webhooks.title')}
              columns={[t('webhooks.name'), t('webhooks.state'), t('webhooks.delivered'), '']}
              className="cards tops"
            >
              {list.map((webhook) => (
                <Row key={webhook.id} webhook={webhook} zone={props.zone} onChanged={refresh} />
              ))}
            </DataTable>
          )}
        </Queried>
      </Card>
    </>
  );
}

function Row(props: { webhook: Schemas['Webhook']; zone: string; onChanged: () => unknown }) {
  const { t } = useText();
  const { webhook } = props;
  const path = { site_id: webhook.site_id, webhook_id: webhook.id };
  const tested = useMutation({
    mutationFn: () => body(api.POST('/api/v1/sites/{site_id}/webhooks/{webhook_id}/test', { params: { path } })),
  });
  const removed = useMutation({
    mutationFn: async () => {
      const found = await api.GET('/api/v1/sites/{site_id}/webhooks/{webhook_id}', { params: { path } });
      const header = { 'if-match': found.response.headers.get('etag') ?? '' };
      await done(api.DELETE('/api/v1/sites/{site_id}/webhooks/{webhook_id}', { params: { path, header } }));
    },
    onSettled: props.onChanged,
  });
  const result = tested.data;
  return (
    <Table.Tr>
      <Table.Td>
        {webhook.name}
        <Text size="sm" className="quiet">
          {webhook.url}
        </Text>
        {isBroker(webhook.url) ? (
          <Text size="sm" className="quiet">
            {t(webhook.has_credentials ? 'webhooks.mqtt-login' : 'webhooks.mqtt')}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td data-label={t('webhooks.state')}>
        {t(`webhooks.is-${webhook.state}`)}
        {webhook.waiting_since ? (
          <Text size="sm" className="quiet">
            {t('webhooks.waits')} <Moment at={webhook.waiting_since} zone={props.zone} />
          </Text>
        ) : null}
        {webhook.last_error ? (
          <Text size="sm" c="red" className="sentence">
            <span lang="en">{webhook.last_error}</span>
          </Text>
        ) : null}
        {result ? (
          <Text size="sm" role="status">
            {result.accepted
              ? t('webhooks.test-accepted', { ms: result.took_ms })
              : t('webhooks.test-refused', { why: result.error ?? String(result.status ?? '') })}
          </Text>
        ) : null}
        <FailureText error={tested.error ?? removed.error} />
      </Table.Td>
      <Table.Td data-label={t('webhooks.delivered')}>
        {webhook.last_delivered_at ? <Moment at={webhook.last_delivered_at} zone={props.zone} /> : t('keys.never')}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button size="xs" variant="default" loading={tested.isPending} onClick={() => tested.mutate()}>
            {t('webhooks.test')}
          </Button>
          <AskingButton
            label={t('common.remove')}
            title={t('webhooks.remove', { name: webhook.name })}
            text={t('webhooks.remove-text')}
            action={t('webhooks.remove-sure')}
            isPending={removed.isPending}
            onSure={() => removed.mutate()}
          />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function NewWebhook(props: { siteId: string; onMade: () => unknown }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const broker = isBroker(url);
  const credentials = broker && username !== '' ? { username, password } : null;
  const made = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/sites/{site_id}/webhooks', {
          params: { path: { site_id: props.siteId } },
          body: { name, url, enabled: true, credentials },
        }),
      ),
    onSuccess: () => {
      setName('');
      setUrl('');
      setUsername('');
      setPassword('');
      props.onMade();
    },
  });
  return (
    <Card title={t('webhooks.add')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          made.mutate();
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            label={t('webhooks.name')}
            value={name}
            required
            maxLength={100}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t('webhooks.url')}
            placeholder="https://example.org/alerts"
            w="24rem"
            maw="100%"
            value={url}
            required
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          {broker ? (
            <>
              <TextInput
                label={t('webhooks.username')}
                value={username}
                autoComplete="off"
                onChange={(event) => setUsername(event.currentTarget.value)}
              />
              <PasswordInput
                label={t('webhooks.password')}
                value={password}
                autoComplete="new-password"
                required={username !== ''}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
            </>
          ) : null}
          <Button type="submit" loading={made.isPending}>
            {t('common.add')}
          </Button>
        </Group>
      </form>
      <Text size="xs" className="quiet">
        {t('webhooks.url-help')}
      </Text>
      {made.data && !isBroker(made.data.url) ? (
        <Stack role="status" gap="xs">
          <Text size="sm">{t('webhooks.once')}</Text>
          <Secret value={made.data.secret} />
        </Stack>
      ) : null}
      <FailureText error={made.error} />
    </Card>
  );
}
