import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { FormDialog } from './FormDialog';

/** A button of a row for what cannot be taken back: it says what will be gone, and asks. */
export function AskingButton(props: {
  label: string;
  /** What is asked, with the name of what it is about. */
  title: string;
  text: string;
  /** What the button of the question says. */
  action: string;
  isPending: boolean;
  onSure: () => void;
}) {
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button size="xs" variant="subtle" loading={props.isPending} onClick={() => setAsks(true)}>
        {props.label}
      </Button>
      {asks ? (
        <FormDialog
          title={props.title}
          action={props.action}
          dangerous
          complete
          onClose={() => setAsks(false)}
          onSend={() => {
            setAsks(false);
            props.onSure();
          }}
        >
          <Text size="sm">{props.text}</Text>
        </FormDialog>
      ) : null}
    </>
  );
}
