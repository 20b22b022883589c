import { Anchor, Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { logIn, providersQuery } from '../api/calls';
import { Frame } from './Frame';

export function SignIn(props: { onSignedIn: () => void }) {
  const { t } = useText();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const providers = useQuery(providersQuery).data?.items ?? [];
  const started = useMutation({ mutationFn: () => logIn({ name, password }), onSuccess: props.onSignedIn });
  return (
    <Frame>
      <Title order={1}>{t('sign-in.title')}</Title>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          started.mutate();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label={t('sign-in.name')}
            value={name}
            autoComplete="username"
            required
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('sign-in.password')}
            value={password}
            autoComplete="current-password"
            required
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <FailureText error={started.error} />
          <Button type="submit" loading={started.isPending} fullWidth>
            {t('sign-in.submit')}
          </Button>
        </Stack>
      </form>
      {providers.map((provider) => (
        <Anchor key={provider.id} href={provider.path} className="link">
          {t('sign-in.with', { name: provider.name })}
        </Anchor>
      ))}
    </Frame>
  );
}
