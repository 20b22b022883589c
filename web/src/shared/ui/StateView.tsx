import { Button, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useRef } from 'react';
import { isAway, isDenied } from '../api/queries';
import { sessionQuery } from '../api/session';
import type { MessageId } from '../i18n/en';
import { useText } from '../i18n/useText';
import { problemText } from '../model/problems';
import { formatAge } from '../model/time';
import { Technical } from './FailureText';
import { Loading, type Shape } from './Loading';
import { Page } from './Page';
import { useToldAbove } from './SaidOnce';

export function Notice(props: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" px="md" className="notice">
      <Title order={2}>{props.title}</Title>
      {props.children ? (
        <Text component="div" className="quiet" maw="34rem">
          {props.children}
        </Text>
      ) : null}
      {props.action}
    </Stack>
  );
}

/** What went wrong in words, and what one can do. `leave`: the way out of a page that shows nothing else. */
export function ErrorNotice(props: { error: unknown; retry: () => void; leave?: ReactNode }) {
  const { t } = useText();
  const isAbove = useToldAbove(props.error instanceof Error ? props.error : undefined, props.retry);
  const { title, detail, technical } = problemText(props.error, t);
  if (isAbove) {
    return (
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className="quiet" data-said-above>
          {t('error.above')}
        </Text>
        {props.leave}
      </Stack>
    );
  }
  return (
    <div role="alert">
      <Notice
        title={title}
        action={
          <>
            {isDenied(props.error) ? null : (
              <Button variant="default" onClick={props.retry}>
                {t('common.try-again')}
              </Button>
            )}
            {props.leave}
          </>
        }
      >
        {detail}
        <Technical words={technical} />
      </Notice>
    </div>
  );
}

/** What is used of a query here, whether its data come at once or in pages. */
export interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  errorUpdateCount: number;
  dataUpdatedAt: number;
  errorUpdatedAt: number;
  refetch: () => Promise<unknown>;
}

/** Says that what follows it is not of now, and why. While the server is away altogether, the shell says so. */
export function Outdated(props: { query: Asked<unknown> }) {
  const { t, locale } = useText();
  const { query } = props;
  const session = useQuery({ ...sessionQuery, enabled: false });
  const error = query.error && !isDenied(query.error) ? query.error : undefined;
  const retry = () => void query.refetch();
  const isAbove = useToldAbove(error, retry);
  if (!error || isAway(session.error)) return null;
  const age =
    query.data === undefined
      ? ''
      : t('error.outdated', { age: formatAge((query.errorUpdatedAt - query.dataUpdatedAt) / 1000, locale) });
  if (isAbove && !age) return null;
  const { title, detail, technical } = problemText(error, t);
  return (
    <div className="outdated" role="status" data-outdated>
      <Text component="div" size="sm">
        <span className="dot" aria-hidden /> {age} {isAbove ? null : `${title}: ${detail}`}
        {isAbove ? null : <Technical words={technical} />}
      </Text>
      {isAbove ? null : (
        <Button size="compact-sm" variant="default" onClick={retry}>
          {t('common.try-again')}
        </Button>
      )}
    </div>
  );
}

/** Shows a query in each of its states. Old data stays while the server cannot answer, and is said to be old. It goes when the server denies it. */
export function Queried<T>(props: {
  query: Asked<T>;
  children: (data: T) => ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: { title: MessageId; text?: MessageId; action?: ReactNode };
  rows?: number;
  shape?: Shape;
  /** Of a page whose heading is in the data: what stands there until it has come. */
  title?: string;
  /** The way out where the data is the whole page. */
  leave?: ReactNode;
}) {
  const { t } = useText();
  const { query, empty, title } = props;
  // A query that failed and asks again counts as loading: the page would change between error and loading for ever.
  const failed = useRef<Error>(undefined);
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
    return (
      <>
        <Outdated query={query} />
        {props.children(query.data)}
      </>
    );
  }
  const state = error ? (
    <ErrorNotice error={error} retry={() => void query.refetch()} leave={props.leave} />
  ) : (
    <Loading rows={props.rows ?? 4} shape={props.shape ?? 'rows'} />
  );
  return title ? <Page title={title}>{state}</Page> : state;
}
