import { Group, NumberInput } from '@mantine/core';
import { useText } from '@/shared/i18n/useText';
import { PlaceFields } from '@/shared/ui/PlaceFields';
import type { CameraDraft } from '../model/settings';

type Place = Pick<CameraDraft, 'latitude' | 'longitude' | 'heading'>;

/** Where a camera is, if it is known: maps show its counts there. */
export function CameraPlace(props: { place: Place; onChange: (change: Partial<Place>) => void }) {
  const { t } = useText();
  const { place, onChange } = props;
  const located = [place.latitude, place.longitude, place.heading].some((value) => value !== '');
  return (
    <Group gap="md" align="flex-end" className="form-row short">
      <PlaceFields place={place} required={located} width="9rem" onChange={onChange} />
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
