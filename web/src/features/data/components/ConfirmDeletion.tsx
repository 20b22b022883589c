import { Checkbox, Text } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { formatMoment } from '@/shared/model/time';
import { FormDialog } from '@/shared/ui/FormDialog';

/** Says what will be gone. Only who says that they know it can go on. */
export function ConfirmDeletion(props: {
  camera: string;
  range: Schemas['DataRange'];
  zone: string;
  onClose: () => void;
  onSure: () => void;
}) {
  const { t, locale } = useText();
  const [sure, setSure] = useState(false);
  const at = (time: string) => formatMoment(time, props.zone, locale);
  return (
    <FormDialog
      title={t('data.confirm')}
      action={t('data.confirm-go')}
      dangerous
      complete={sure}
      onClose={props.onClose}
      onSend={props.onSure}
    >
      <Text size="sm">
        {t('data.confirm-what', {
          camera: props.camera,
          from: at(props.range.from),
          to: at(props.range.to),
          kinds: t('data.confirm-kinds'),
        })}
      </Text>
      <Text size="sm" className="quiet">
        {t('data.confirm-track')}
      </Text>
      <Checkbox
        label={t('data.confirm-sure')}
        checked={sure}
        data-autofocus
        onChange={(event) => setSure(event.currentTarget.checked)}
      />
    </FormDialog>
  );
}
