import { useEffect, useRef, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { classOf, draw, scaled } from '@/shared/model/overlay';
import { Ages, STALE_MS } from '../model/age';
import { feed } from '../model/feed';
import type { Rendition } from '../model/message';
import type { Shown } from '../model/stream';

const TICK_MS = 250;

/** What a camera shows, live: the picture and its boxes in one canvas, with the age of the picture. A tile that nobody sees pauses. */
export function LiveTile(props: {
  camera: Schemas['Camera'];
  rendition: Rendition;
  /** Only the picture, for something that draws on it. */
  plain?: boolean;
  /** Told the ratio of the sides of the picture. */
  onRatio?: (ratio: number) => void;
}) {
  const { t, locale } = useText();
  const { camera, rendition, plain = false, onRatio } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const visible = useVisible(canvas);
  const across = useAcross(canvas);
  const [age, setAge] = useState<number>();
  const [ratio, setRatio] = useState(4 / 3);
  const ages = useRef<{ camera: string; of: Ages }>(undefined);
  const settings = useRef(camera.settings);
  settings.current = camera.settings;
  const text = useRef(t);
  text.current = t;

  useEffect(() => {
    if (!visible) return;
    // A tile that was not in view shows what it showed before: its age goes on from there.
    if (ages.current?.camera !== camera.id) ages.current = { camera: camera.id, of: new Ages() };
    const { of } = ages.current;
    const tell = () => setAge(of.at(performance.now()));
    tell();
    const show = ({ image, width, height, head, arrived }: Shown) => {
      if (!canvas.current) return;
      const { zones = [], lines = [] } = plain ? {} : settings.current;
      const objects = plain ? [] : (head.objects ?? []);
      const size = scaled({ width, height }, across.current, window.devicePixelRatio);
      draw(canvas.current, image, size, objects, { zones, lines }, (object) => {
        const known = classOf(object);
        return text.current(known ? `class.${known}` : 'class.unknown');
      });
      const { dataset } = canvas.current;
      dataset.captured = head.captured_at;
      dataset.frame = `${head.session}.${head.sequence}`;
      dataset.type = head.picture?.type;
      dataset.objects = String(head.objects?.length ?? '');
      setRatio(width / height);
      const isFirst = of.at(arrived) === undefined;
      of.add(arrived, Date.parse(head.captured_at));
      if (isFirst) tell();
    };
    const seen = () => across.current && across.current * window.devicePixelRatio;
    const leave = feed.watch(camera.id, rendition, { show, across: seen });
    const timer = setInterval(tell, TICK_MS);
    return () => {
      clearInterval(timer);
      leave();
    };
  }, [camera.id, rendition, plain, visible, across]);

  useEffect(() => onRatio?.(ratio), [ratio, onRatio]);

  const stale = age === undefined || age > STALE_MS;
  const seconds = age === undefined ? undefined : age / 1000;
  return (
    <div className="live" data-stale={stale} data-waiting={age === undefined} style={{ aspectRatio: ratio }}>
      <canvas ref={canvas} role="img" aria-label={t('live.picture', { name: camera.settings.name || camera.id })} />
      <span className="age">
        {seconds === undefined
          ? t(camera.settings.enabled === false ? 'health.off' : 'live.waiting')
          : t(stale ? 'live.stale' : 'live.age', {
              seconds: seconds.toLocaleString(locale, { maximumFractionDigits: 1, minimumFractionDigits: 1 }),
            })}
      </span>
    </div>
  );
}

/** How wide it is on the page, without asking for it with each picture. */
function useAcross(element: React.RefObject<HTMLElement | null>): React.RefObject<number | undefined> {
  const across = useRef<number>(undefined);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver((entries) => {
      across.current = entries.at(-1)?.contentRect.width;
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return across;
}

/** Whether somebody can see it: it is scrolled into view, in a tab that is shown. */
function useVisible(element: React.RefObject<HTMLElement | null>): boolean {
  const [inView, setInView] = useState(false);
  const [shown, setShown] = useState(!document.hidden);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const observer = new IntersectionObserver((entries) => setInView(entries.at(-1)?.isIntersecting ?? false));
    observer.observe(target);
    const changed = () => setShown(!document.hidden);
    document.addEventListener('visibilitychange', changed);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', changed);
    };
  }, [element]);
  return inView && shown;
}
