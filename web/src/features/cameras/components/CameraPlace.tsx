import { Group, NumberInput } from '@mantine/core';
import { useText } from '@/shared/i18n/useText';
import type { CameraDraft } from '../model/settings';

type Place = Pick<CameraDraft, 'latitude' | 'longitude' | 'heading'>;

/** Where a camera is, if it is known: maps show its counts there. */
export function CameraPlace(props: { place: Place; onChange: (change: Partial<Place>) => void }) {
  const { t } = useText();
  const { place, onChange } = props;
  const located = [place.latitude, place.longitude, place.heading].some((value) => value !== '');
  return (
    <Group gap="md" align="flex-end">
      <NumberInput
        label={t('site.latitude')}
        value={place.latitude}
        min={-90}
        max={90}
        decimalScale={6}
        suffix="°"
        hideControls
        required={located}
        w="9rem"
        onChange={(latitude) => onChange({ latitude })}
      />
      <NumberInput
        label={t('site.longitude')}
        value={place.longitude}
        min={-180}
        max={180}
        decimalScale={6}
        suffix="°"
        hideControls
        required={located}
        w="9rem"
        onChange={(longitude) => onChange({ longitude })}
      />
      <NumberInput
        label={t('form.heading')}
        value={place.heading}
        min={0}
        max={360}
        decimalScale={1}
        suffix="°"
        hideControls
        w="9rem"
        onChange={(heading) => onChange({ heading })}
      />
    </Group>
  );
}
