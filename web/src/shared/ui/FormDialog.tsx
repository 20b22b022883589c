import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../i18n/useText';

/** A question that must be answered before something happens. Enter sends it when it is complete, Escape leaves it. */
export function FormDialog(props: {
  title: string;
  /** What the button says that does it. */
  action: string;
  dangerous?: boolean;
  complete: boolean;
  onClose: () => void;
  onSend: () => void;
  children: ReactNode;
}) {
  const { t } = useText();
  return (
    <Modal opened onClose={props.onClose} title={props.title} closeButtonProps={{ 'aria-label': t('common.cancel') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (props.complete) props.onSend();
        }}
      >
        <Stack gap="sm">
          {props.children}
          <Group gap="xs">
            <Button type="submit" color={props.dangerous ? 'red.9' : undefined} disabled={!props.complete}>
              {props.action}
            </Button>
            {/* Where nothing else is to be filled in, Enter alone does not do it. */}
            <Button variant="default" data-autofocus={props.dangerous || undefined} onClick={props.onClose}>
              {t('common.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
