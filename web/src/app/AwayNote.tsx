import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '@/shared/api/client';
import { sessionQuery } from '@/shared/api/session';
import { useText } from '@/shared/i18n/useText';

/** Says that the server does not answer, until it does. What is shown meanwhile is old. */
export function AwayNote() {
  const { t } = useText();
  const query = useQuery({ ...sessionQuery, refetchInterval: 5_000, staleTime: 0, retry: false });
  const away = query.error instanceof ApiError && (query.error.status === 0 || query.error.status >= 500);
  if (!away) return null;
  return (
    <Alert color="red" title={t('error.offline')} mb="md" role="status">
      {t('shell.away')}
    </Alert>
  );
}
