import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

/** A page with its heading, which is the title of the browser's tab as well. */
export function Page(props: {
  title: string;
  subtitle?: ReactNode;
  actions?: ReactNode;
  /** How much of a wide screen it takes; by default that of a picture with something beside it. */
  width?: 'form' | 'table' | 'full';
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${props.title} · vru`;
  }, [props.title]);
  return (
    <Stack gap="md" className="page" data-width={props.width}>
      <Group justify="space-between" align="flex-end" gap="sm">
        <div>
          <Title order={1}>{props.title}</Title>
          {props.subtitle ? (
            <Text component="div" size="sm" className="quiet">
              {props.subtitle}
            </Text>
          ) : null}
        </div>
        {props.actions ? <Group gap="xs">{props.actions}</Group> : null}
      </Group>
      {props.children}
    </Stack>
  );
}

export function Card(props: { title?: string; actions?: ReactNode; children: ReactNode; padding?: string }) {
  return (
    <section className="card">
      {props.title ? (
        <Group justify="space-between" px="md" pt="sm" pb={0} gap="xs">
          <Title order={2}>{props.title}</Title>
          {props.actions}
        </Group>
      ) : null}
      <Stack gap="sm" p={props.padding ?? 'md'}>
        {props.children}
      </Stack>
    </section>
  );
}
