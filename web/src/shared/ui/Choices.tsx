import { MultiSelect, NativeSelect } from '@mantine/core';
import type { Schemas } from '../api/client';
import { useText } from '../i18n/useText';
import { withChosen } from '../model/choices';
import { CLASSES, type RoadUserClass } from '../model/classes';
import { words } from '../model/search';

/** One camera, or all of them (`undefined`). */
export function CameraChoice(props: {
  cameras: Schemas['Camera'][];
  value: string | undefined;
  onChange: (camera: string | undefined) => void;
}) {
  const { t } = useText();
  const chosen = props.cameras.find((camera) => camera.id === props.value);
  return (
    <NativeSelect
      label={t('common.camera')}
      title={chosen?.settings.name ?? props.value}
      value={props.value ?? ''}
      data={withChosen(
        [
          { value: '', label: t('common.all-cameras') },
          ...props.cameras.map((camera) => ({ value: camera.id, label: camera.settings.name || camera.id })),
        ],
        props.value ?? '',
      )}
      onChange={(event) => props.onChange(event.currentTarget.value || undefined)}
    />
  );
}

type Classes = RoadUserClass[] | undefined;

/** Kinds of road users, or any (`undefined`). */
export function ClassChoice(props: { value: Classes; onChange: (classes: Classes) => void }) {
  const { t } = useText();
  return (
    <MultiSelect
      label={t('common.class')}
      placeholder={props.value ? undefined : t('common.any')}
      value={props.value ?? []}
      data={CLASSES.map((value) => ({ value, label: t(`class.${value}`) }))}
      onChange={(value) => props.onChange(words(value, CLASSES))}
      clearable
    />
  );
}
