import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isAway } from '@/shared/api/queries';
import { sessionQuery } from '@/shared/api/session';
import { useText } from '@/shared/i18n/useText';
import { formatAge } from '@/shared/model/time';

const EVERY_MS = 5_000;

/** Says that the server does not answer, until it does. What is shown meanwhile is old. */
export function AwayNote() {
  const { t, locale } = useText();
  const query = useQuery({ ...sessionQuery, refetchInterval: EVERY_MS, staleTime: 0, retry: false });
  if (!isAway(query.error)) return null;
  return (
    <Alert color="red" title={t('error.offline')} mb="md" role="status" data-away>
      {t('shell.away', {
        age: formatAge((query.errorUpdatedAt - query.dataUpdatedAt) / 1000, locale),
        seconds: EVERY_MS / 1000,
      })}
    </Alert>
  );
}
