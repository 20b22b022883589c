import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { CLASS_COLOURS } from '@/shared/model/classes';
import { ClassIcon } from '@/shared/ui/ClassIcon';
import { useSeen } from '@/shared/ui/useSeen';
import { snapshotQuery } from '../api/snapshots';
import { type Box, crop, inFrame, placed, thumbnail } from '../model/thumbnail';

/** Width by height of each small picture, as in the styles. */
const FRAME = 4 / 3;

/** A road user in its best picture, large enough to be told from others. Its place in the row is there before the picture is. */
export function Thumbnail(props: { siteId: string; track: Schemas['Track'] }) {
  const { t } = useText();
  const { siteId, track } = props;
  const [frame, seen] = useSeen<HTMLDivElement>();
  // By address: a new one is another try.
  const [broken, setBroken] = useState<string>();
  const query = useQuery({ ...snapshotQuery(siteId, track.id), enabled: seen && track.has_snapshot });
  const shown = thumbnail(track, query, broken !== undefined && broken === query.data?.url);
  const name = t(track.class ? `class.${track.class}` : 'class.unknown');
  return (
    <div ref={frame} className="thumbnail" data-thumbnail={shown.kind}>
      {shown.kind === 'picture' ? (
        <Cropped
          key={shown.url}
          url={shown.url}
          box={shown.box}
          alt={t('tracks.thumbnail', { name })}
          colour={track.class ? CLASS_COLOURS[track.class] : '#fff'}
          onBroken={() => setBroken(shown.url)}
        />
      ) : (
        <>
          <ClassIcon value={track.class} />
          {shown.kind === 'loading' ? null : <span>{t(`tracks.thumbnail-${shown.kind}`)}</span>}
        </>
      )}
    </div>
  );
}

function Cropped(props: { url: string; box: Box | undefined; alt: string; colour: string; onBroken: () => void }) {
  const { url, box } = props;
  const [ratio, setRatio] = useState<number>();
  const part = crop(box, ratio ?? FRAME, FRAME);
  return (
    <>
      <img
        src={url}
        alt={props.alt}
        decoding="async"
        style={{ ...placed(part), visibility: ratio ? undefined : 'hidden' }}
        onLoad={({ currentTarget: image }) => setRatio(image.naturalWidth / image.naturalHeight)}
        onError={props.onBroken}
      />
      {box && ratio ? <i style={{ ...inFrame(box, part), borderColor: props.colour }} aria-hidden /> : null}
    </>
  );
}
