import { Button, Group, Modal, Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { words } from '@/shared/model/search';
import { isComplete, REASONS } from '../model/triage';

/** Why an alert is false: number keys choose, Enter dismisses. */
export function DismissDialog(props: { onClose: () => void; onDismiss: (review: Schemas['WantedReview']) => void }) {
  const { t } = useText();
  const [reason, setReason] = useState<Schemas['DismissalReason']>('nobody_there');
  const [note, setNote] = useState('');
  const review: Schemas['WantedReview'] = { state: 'dismissed', reason, ...(note.trim() ? { note: note.trim() } : {}) };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t('dismiss.title')}
      closeButtonProps={{ 'aria-label': t('common.cancel') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete(review)) props.onDismiss(review);
        }}
      >
        <Stack gap="sm">
          <Radio.Group
            label={t('dismiss.reason')}
            value={reason}
            onChange={(value) => setReason(words(value, REASONS)?.[0] ?? 'other')}
          >
            <Stack gap="xs" mt="xs">
              {REASONS.map((value, index) => (
                <Radio
                  key={value}
                  value={value}
                  label={t(`reason.${value}`)}
                  data-autofocus={index === 0 || undefined}
                />
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
          <Group gap="xs">
            <Button type="submit" disabled={!isComplete(review)}>
              {t('alert.dismiss')}
            </Button>
            <Button variant="default" onClick={props.onClose}>
              {t('common.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
