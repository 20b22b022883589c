import { Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useRef } from 'react';
import { isDenied } from '../api/queries';
import type { MessageId } from '../i18n/en';
import { useText } from '../i18n/useText';
import { problemText } from '../model/problems';
import { Page } from './Page';

export function Notice(props: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" px="md" className="notice">
      <Title order={2}>{props.title}</Title>
      {props.children ? (
        <Text className="quiet" maw="34rem">
          {props.children}
        </Text>
      ) : null}
      {props.action}
    </Stack>
  );
}

/** What went wrong in words, and what one can do. */
export function ErrorNotice(props: { error: unknown; retry?: () => void }) {
  const { t } = useText();
  const { title, detail } = problemText(props.error, t);
  return (
    <div role="alert">
      <Notice
        title={title}
        action={
          props.retry && !isDenied(props.error) ? (
            <Button variant="default" onClick={props.retry}>
              {t('common.try-again')}
            </Button>
          ) : undefined
        }
      >
        {detail}
      </Notice>
    </div>
  );
}

/** Rows that stand where the content will be. */
export function Loading(props: { rows?: number; height?: number }) {
  const { t } = useText();
  const rows = Array.from({ length: props.rows ?? 4 }, (_, row) => `row-${row}`);
  return (
    <Stack gap="sm" role="status" aria-label={t('common.loading')}>
      {rows.map((row) => (
        <Skeleton key={row} height={props.height ?? 44} radius="sm" />
      ))}
    </Stack>
  );
}

/** Shows a query in each of its states. Old data stays while the server is away; the shell says that it is. It goes when the server denies it. */
export function Queried<T>(props: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: { title: MessageId; text?: MessageId; action?: ReactNode };
  rows?: number;
  /** Of a page whose heading is in the data: what stands there until it has come. */
  title?: string;
}) {
  const { t } = useText();
  const { query, empty, title } = props;
  // A query that failed and asks again counts as loading: the page would change between error and loading for ever.
  const failed = useRef<unknown>(undefined);
  if (query.error) failed.current = query.error;
  // Of another question, which has not failed yet, the error says nothing.
  const error = query.errorUpdateCount > 0 ? failed.current : undefined;
  if (query.data !== undefined && !isDenied(query.error)) {
    if (empty && props.isEmpty?.(query.data)) {
      return (
        <Notice title={t(empty.title)} action={empty.action}>
          {empty.text ? t(empty.text) : undefined}
        </Notice>
      );
    }
    return <>{props.children(query.data)}</>;
  }
  const state = error ? (
    <ErrorNotice error={error} retry={() => void query.refetch()} />
  ) : (
    <Loading rows={props.rows ?? 4} />
  );
  return title ? <Page title={title}>{state}</Page> : state;
}
