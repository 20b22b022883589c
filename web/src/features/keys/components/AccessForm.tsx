import { Button, Group, MultiSelect, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { words } from '@/shared/model/search';
import { expiry, SCOPES } from '../model/scopes';

const LIFETIMES = ['30', '90', '365'];

/** What a key or a client is called, what it may do, and for how long. */
export function AccessForm(props: { onWanted: (wanted: Schemas['NewKey']) => void; isPending: boolean; made: string }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Schemas['Scope'][]>(['counts:read']);
  const [days, setDays] = useState('90');
  const [madeBefore, setMadeBefore] = useState(props.made);
  // The name of what was made is not for the next one.
  if (props.made !== madeBefore) {
    setMadeBefore(props.made);
    setName('');
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (scopes.length > 0) props.onWanted({ name, scopes, expires_at: expiry(new Date(), Number(days)) });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          label={t('keys.name')}
          value={name}
          required
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <MultiSelect
          label={t('keys.scopes')}
          value={scopes}
          data={[...SCOPES]}
          onChange={(value) => setScopes(words(value, SCOPES) ?? [])}
        />
        <NativeSelect
          label={t('keys.lifetime')}
          value={days}
          data={LIFETIMES.map((value) => ({ value, label: t('keys.days', { count: Number(value) }) }))}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" loading={props.isPending} disabled={scopes.length === 0}>
          {t('common.add')}
        </Button>
      </Group>
    </form>
  );
}
