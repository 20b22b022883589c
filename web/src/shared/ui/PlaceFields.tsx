import { NumberInput } from '@mantine/core';
import { useText } from '@/shared/i18n/useText';

/** As the fields hold it: an empty text while nothing is written. */
export interface WrittenPlace {
  latitude: string | number;
  longitude: string | number;
}

/** Latitude and longitude in degrees; `required` when one of them alone says nothing. */
export function PlaceFields(props: {
  place: WrittenPlace;
  required: boolean;
  width?: string;
  onChange: (change: Partial<WrittenPlace>) => void;
}) {
  const { t } = useText();
  const { place, required, width, onChange } = props;
  return (
    <>
      {(['latitude', 'longitude'] as const).map((name) => (
        <NumberInput
          key={name}
          label={t(`site.${name}`)}
          value={place[name]}
          min={name === 'latitude' ? -90 : -180}
          max={name === 'latitude' ? 90 : 180}
          decimalScale={6}
          suffix="°"
          hideControls
          required={required}
          {...(width ? { w: width } : {})}
          onChange={(value) => onChange({ [name]: value })}
        />
      ))}
    </>
  );
}
