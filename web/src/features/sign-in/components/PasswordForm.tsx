import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { setPassword } from '../api/calls';

export function PasswordForm() {
  const { t } = useText();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const changed = useMutation({
    mutationFn: () => setPassword({ current, new: next }),
    onSuccess: () => {
      setCurrent('');
      setNext('');
    },
  });
  return (
    <Card title={t('account.password')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changed.mutate();
        }}
      >
        <Stack gap="sm" maw="22rem">
          <PasswordInput
            label={t('account.current')}
            autoComplete="current-password"
            value={current}
            required
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('account.new')}
            autoComplete="new-password"
            minLength={12}
            value={next}
            required
            onChange={(event) => setNext(event.currentTarget.value)}
          />
          <FailureText error={changed.error} />
          <Text role="status" size="sm" className="said">
            {changed.isSuccess ? t('account.changed') : ''}
          </Text>
          <Button type="submit" loading={changed.isPending} style={{ alignSelf: 'flex-start' }}>
            {t('account.change')}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
