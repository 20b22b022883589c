import { Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { addFirstAdmin, logIn } from '../api/calls';
import { Frame } from './Frame';

const SHORTEST = 12;

/** Adds the first person, with the token of the one-time link. It stands behind the number sign, which browsers do not send. */
export function Welcome(props: { token: string; onSignedIn: () => void }) {
  const { t } = useText();
  const [token, setToken] = useState(props.token);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const added = useMutation({
    mutationFn: async () => {
      await addFirstAdmin({ token: token.trim(), name, password });
      await logIn({ name, password });
    },
    onSuccess: props.onSignedIn,
  });
  return (
    <Frame>
      <Title order={1}>{t('welcome.title')}</Title>
      <Text size="sm" className="quiet">
        {t('welcome.text')}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          added.mutate();
        }}
      >
        <Stack gap="sm">
          {props.token ? null : (
            <TextInput
              label={t('welcome.token')}
              description={t('welcome.token-help')}
              value={token}
              autoComplete="off"
              required
              onChange={(event) => setToken(event.currentTarget.value)}
            />
          )}
          <TextInput
            label={t('sign-in.name')}
            value={name}
            autoComplete="username"
            required
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('sign-in.password')}
            description={t('welcome.password-help', { count: SHORTEST })}
            value={password}
            autoComplete="new-password"
            minLength={SHORTEST}
            required
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <FailureText error={added.error} />
          <Button type="submit" loading={added.isPending} fullWidth>
            {t('welcome.submit')}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}
