import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type PictureOf, pictureQuery } from '../api/pictures';
import { useText } from '../i18n/useText';

/** A stored picture, with what is drawn on it in fractions of the picture. */
export function StoredPicture(props: {
  siteId: string;
  of: Exclude<PictureOf, 'clip'>;
  id: string;
  exists: boolean;
  alt: string;
  children?: ReactNode;
}) {
  const { t } = useText();
  const query = useQuery({ ...pictureQuery(props.siteId, props.of, props.id), enabled: props.exists });
  const note =
    !props.exists || query.data === null ? t('picture.none') : query.isError ? t('picture.failed') : undefined;
  return (
    <PictureFrame src={query.data ?? undefined} alt={props.alt} note={note}>
      {props.children}
    </PictureFrame>
  );
}

export function PictureFrame(props: { src: string | undefined; alt: string; note?: string; children?: ReactNode }) {
  const [ratio, setRatio] = useState<number>();
  return (
    <div className="picture" style={ratio ? { aspectRatio: ratio } : undefined}>
      {props.src ? (
        <img
          src={props.src}
          alt={props.alt}
          onLoad={(event) => setRatio(event.currentTarget.naturalWidth / event.currentTarget.naturalHeight)}
        />
      ) : null}
      {props.children ? (
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden>
          {props.children}
        </svg>
      ) : null}
      {props.note ? <div className={props.children ? 'note low' : 'note'}>{props.note}</div> : null}
    </div>
  );
}

/** Lines keep their width whatever the size of the picture. */
export const STROKE = { fill: 'none', vectorEffect: 'non-scaling-stroke' } as const;

export function Box(props: { box: { left: number; top: number; width: number; height: number }; colour: string }) {
  const { left, top, width, height } = props.box;
  return <rect x={left} y={top} width={width} height={height} stroke={props.colour} strokeWidth={3} {...STROKE} />;
}

export function Polygon(props: { points: number[][]; closed: boolean; colour: string; dashed?: boolean }) {
  const text = props.points.map((point) => point.join(',')).join(' ');
  const common = {
    points: text,
    stroke: props.colour,
    strokeWidth: 2,
    strokeDasharray: props.dashed ? '6 4' : undefined,
  };
  return props.closed ? <polygon {...common} {...STROKE} /> : <polyline {...common} {...STROKE} />;
}
