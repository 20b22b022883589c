import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { words } from '@/shared/model/search';
import { FormDialog } from '@/shared/ui/FormDialog';
import { isComplete, REASONS } from '../model/triage';

/** Why an alert is false: number keys choose, Enter dismisses. */
export function DismissDialog(props: { onClose: () => void; onDismiss: (review: Schemas['WantedReview']) => void }) {
  const { t } = useText();
  const [reason, setReason] = useState<Schemas['DismissalReason']>('nobody_there');
  const [note, setNote] = useState('');
  const review: Schemas['WantedReview'] = { state: 'dismissed', reason, ...(note.trim() ? { note: note.trim() } : {}) };
  return (
    <FormDialog
      title={t('dismiss.title')}
      action={t('alert.dismiss')}
      complete={isComplete(review)}
      onClose={props.onClose}
      onSend={() => props.onDismiss(review)}
    >
      <Radio.Group
        label={t('dismiss.reason')}
        value={reason}
        onChange={(value) => setReason(words(value, REASONS)?.[0] ?? 'other')}
      >
        <Stack gap="xs" mt="xs">
          {REASONS.map((value, index) => (
            <Radio key={value} value={value} label={t(`reason.${value}`)} data-autofocus={index === 0 || undefined} />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label={t('dismiss.note')}
        value={note}
        maxLength={500}
        required={reason === 'other'}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
