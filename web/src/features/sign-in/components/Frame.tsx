import { Center, Stack } from '@mantine/core';
import type { ReactNode } from 'react';

export function Frame(props: { children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack className="card" p="xl" gap="md" w="100%" maw="24rem">
        <img src="/icon.svg" alt="" width={40} height={40} />
        {props.children}
      </Stack>
    </Center>
  );
}
