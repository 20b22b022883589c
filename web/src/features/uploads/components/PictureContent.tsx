import { Group, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { ClassName } from '@/shared/ui/Words';
import type { Shown } from './usePlayback';

type Numbers = ReadonlyMap<string, number>;

/** Who is in the picture that is shown, in words. */
export function PictureContent(props: { shown: Shown; siteId: string; numbers: Numbers }) {
  const { t } = useText();
  const { shown, siteId } = props;
  if (shown.lost) return <Note>{t('playback.no-clock')}</Note>;
  if (!shown.frame) return <Note>{shown.reading ? t('common.loading') : t('playback.not-analysed')}</Note>;
  const known = shown.frame.objects.filter((object) => object.confirmed && object.track_id);
  if (known.length === 0) return <Note>{t('playback.nobody')}</Note>;
  return (
    <Group gap="md" component="section" aria-label={t('playback.here')}>
      {known.map((object) => (
        <Who key={object.track_id} object={object} siteId={siteId} number={props.numbers.get(object.track_id ?? '')} />
      ))}
    </Group>
  );
}

function Note(props: { children: string }) {
  return (
    <Text size="sm" className="quiet">
      {props.children}
    </Text>
  );
}

function Who(props: { object: Schemas['FrameObject']; siteId: string; number: number | undefined }) {
  const { object, siteId } = props;
  return (
    <Link to="/sites/$siteId/tracks/$trackId" params={{ siteId, trackId: object.track_id ?? '' }} className="link">
      <ClassName value={object.class} />
      {props.number === undefined ? null : ` ${props.number}`}
    </Link>
  );
}
