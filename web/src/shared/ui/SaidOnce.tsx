import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { isAway, isDenied } from '../api/queries';
import { sessionQuery } from '../api/session';
import { useText } from '../i18n/useText';
import { common, type Failed, sameness } from '../model/common';
import { problemText } from '../model/problems';
import { Technical } from './FailureText';

interface Board {
  tell: (part: string, failed: Failed | undefined) => void;
  /** What is said above all parts. */
  above: ReadonlySet<string>;
}

const Told = createContext<Board | undefined>(undefined);

/** Says an error that several parts of a page have once, above them. A page with one error has it where something is missing. */
export function SaidOnce(props: { children: ReactNode }) {
  const [parts, setParts] = useState<ReadonlyMap<string, Failed>>(new Map());
  const session = useQuery({ ...sessionQuery, enabled: false });
  const tell = useRef<Board['tell']>((part, failed) =>
    setParts((before) => {
      const after = new Map(before);
      if (failed) after.set(part, failed);
      else after.delete(part);
      return after;
    }),
  );
  const groups = useMemo(() => common(parts.values()), [parts]);
  const board = useMemo(() => ({ tell: tell.current, above: new Set(groups.keys()) }), [groups]);
  return (
    <Told value={board}>
      {[...groups].map(([key, group]) =>
        // The shell says so already.
        isAway(session.error) && group.some(({ error }) => isAway(error)) ? null : <Strip key={key} group={group} />,
      )}
      {props.children}
    </Told>
  );
}

function Strip(props: { group: readonly Failed[] }) {
  const { t } = useText();
  const [first] = props.group;
  if (!first) return null;
  const { title, detail, technical } = problemText(first.error, t);
  return (
    <div className="said-once card" role="alert" data-said-once>
      <div>
        <Text fw={600}>{title}</Text>
        <Text component="div" size="sm" className="quiet">
          {detail}
          <Technical words={technical} />
        </Text>
      </div>
      {isDenied(first.error) ? null : (
        <Button
          size="compact-md"
          variant="default"
          onClick={() => {
            for (const { retry } of props.group) retry();
          }}
        >
          {t('common.try-again')}
        </Button>
      )}
    </div>
  );
}

/** Tells the error of a part, if it has one. Returns whether it is said above, so that the part need not say it. */
export function useToldAbove(error: Error | null | undefined, retry: () => void): boolean {
  const board = useContext(Told);
  const session = useQuery({ ...sessionQuery, enabled: false });
  const part = useId();
  const asked = useRef(retry);
  asked.current = retry;
  const tell = board?.tell;
  const told = useRef(error);
  told.current = error;
  const key = error ? sameness(error) : undefined;
  // Before it is painted: nobody sees it twice.
  useLayoutEffect(() => {
    if (key === undefined || !told.current || !tell) return;
    tell(part, { error: told.current, retry: () => asked.current() });
    return () => tell(part, undefined);
  }, [key, part, tell]);
  if (!error || !board || key === undefined) return false;
  return board.above.has(key) || (isAway(error) && isAway(session.error));
}
