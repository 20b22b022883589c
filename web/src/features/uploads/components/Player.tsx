import { Button, Group, NativeSelect, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, type Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { classOf, type OverlayObject, type Shapes } from '@/shared/model/overlay';
import { Loading } from '@/shared/ui/Loading';
import { Card } from '@/shared/ui/Page';
import { ErrorNotice, Notice } from '@/shared/ui/StateView';
import { tracksOfFileQuery, videoQuery } from '../api/queries';
import { clock } from '../model/frames';
import { numbersOf } from '../model/numbers';
import { PictureContent } from './PictureContent';
import { usePlayback } from './usePlayback';

const SPEEDS = [0.25, 0.5, 1, 2, 4];
/** The address of a file is good for longer than this. */
const GOOD_FOR_MS = 60_000;

/** Where the player shall go; a new object each time. */
export interface Wanted {
  seconds: number;
}

/** The video of an upload, with what was found in each picture drawn on that picture. */
export function Player(props: {
  upload: Schemas['Upload'];
  shapes: Shapes;
  wanted: Wanted | undefined;
  onDuration: (seconds: number) => void;
}) {
  const { t } = useText();
  const query = useQuery(videoQuery(props.upload.site_id, props.upload.id));
  if (query.isPending) return <Loading rows={1} height={320} />;
  if (query.isError) {
    const code = query.error instanceof ApiError ? query.error.code : '';
    if (code === 'video_hidden') {
      return (
        <Card>
          <Notice title={t('playback.hidden')}>{t('playback.hidden-text')}</Notice>
        </Card>
      );
    }
    if (['no_video', 'picture_missing', 'pictures_not_configured'].includes(code)) {
      return (
        <Card>
          <Notice title={t('playback.none')}>{t('playback.none-text')}</Notice>
        </Card>
      );
    }
    return (
      <Card>
        <ErrorNotice error={query.error} retry={() => void query.refetch()} />
      </Card>
    );
  }
  const again = async () => {
    await query.refetch();
  };
  return <Video {...props} address={query.data} askedAt={query.dataUpdatedAt} again={again} />;
}

function Video(props: {
  upload: Schemas['Upload'];
  shapes: Shapes;
  wanted: Wanted | undefined;
  onDuration: (seconds: number) => void;
  address: string;
  askedAt: number;
  again: () => Promise<void>;
}) {
  const { t, locale } = useText();
  const { upload, wanted } = props;
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [playing, setPlaying] = useState(false);
  const [broken, setBroken] = useState(false);
  const [duration, setDuration] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [ratio, setRatio] = useState(4 / 3);
  const resume = useRef(0);
  const tracks = useQuery(tracksOfFileQuery(upload.site_id, upload.camera_id ?? '')).data;
  const numbers = useMemo(() => numbersOf(tracks ?? []), [tracks]);
  const name = (object: OverlayObject) => {
    const known = classOf(object);
    return [t(known ? `class.${known}` : 'class.unknown'), numbers.get(object.track_id ?? '')].join(' ').trim();
  };
  const { shown, seek, step, paint } = usePlayback(upload, props.shapes, name, video, canvas, props.address);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the picture that is shown has other names then
  useEffect(paint, [numbers, paint]);
  useEffect(() => {
    if (wanted) seek(wanted.seconds);
  }, [wanted, seek]);

  const failed = () => {
    const player = video.current;
    if (!player) return;
    if (Date.now() - props.askedAt > GOOD_FOR_MS) {
      resume.current = player.currentTime;
      void props.again();
    } else setBroken(true);
  };
  const loaded = () => {
    const player = video.current;
    if (!player) return;
    // Some browsers play the sound of a video that they cannot decode.
    if (player.videoWidth === 0) return setBroken(true);
    setRatio(player.videoWidth / player.videoHeight);
    setDuration(player.duration);
    props.onDuration(player.duration);
    if (resume.current > 0) player.currentTime = resume.current;
  };
  const toggle = () => void (video.current?.paused ? video.current.play().catch(failed) : video.current?.pause());

  if (broken) {
    return (
      <Card>
        <Notice title={t('playback.unplayable')}>{t('playback.unplayable-text')}</Notice>
      </Card>
    );
  }
  const number = shown?.frame ? shown.frame.sequence.toLocaleString(locale) : '–';
  const format = { at: clock(shown?.seconds ?? 0), whole: clock(duration), number };
  const keys = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ',') step(false);
    else if (event.key === '.') step(true);
    else if (event.key === 'k') toggle();
    else return;
    event.preventDefault();
  };
  return (
    <Card padding="sm">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys beside the buttons, which everybody can use */}
      <div className="playback" onKeyDown={keys}>
        <div className="player" style={{ aspectRatio: ratio, maxWidth: `calc(70vh * ${ratio})` }}>
          <video
            ref={video}
            className="player-video"
            src={props.address}
            muted
            playsInline
            preload="auto"
            tabIndex={-1}
            aria-hidden
            onError={failed}
            onLoadedMetadata={loaded}
            onPlay={() => setPlaying(true)}
            onPause={() => setPlaying(false)}
          />
          <canvas
            ref={canvas}
            className="player-picture"
            role="img"
            aria-label={t('playback.picture', { number, name: upload.name })}
          />
          {shown ? null : <div className="player-note">{t('playback.waiting')}</div>}
        </div>
        <input
          type="range"
          aria-label={t('playback.place')}
          aria-valuetext={t('playback.at', format)}
          min={0}
          max={duration || 1}
          step={0.01}
          value={Math.min(shown?.seconds ?? 0, duration || 1)}
          onChange={(event) => seek(event.currentTarget.valueAsNumber)}
        />
        <Group gap="xs" justify="space-between">
          <Group gap="xs">
            <Button onClick={toggle}>{t(playing ? 'playback.pause' : 'playback.play')} (K)</Button>
            <Button
              variant="default"
              px="sm"
              aria-label={`−1 (,) ${t('playback.back')}`}
              title={t('playback.back')}
              onClick={() => step(false)}
            >
              −1 (,)
            </Button>
            <Button
              variant="default"
              px="sm"
              aria-label={`+1 (.) ${t('playback.forward')}`}
              title={t('playback.forward')}
              onClick={() => step(true)}
            >
              +1 (.)
            </Button>
            <NativeSelect
              aria-label={t('playback.speed')}
              value={String(speed)}
              data={SPEEDS.map((value) => ({ value: String(value), label: `${value.toLocaleString(locale)} ×` }))}
              onChange={(event) => {
                const wantedSpeed = Number(event.currentTarget.value);
                setSpeed(wantedSpeed);
                if (video.current) video.current.playbackRate = wantedSpeed;
              }}
            />
          </Group>
          <Text size="sm" className="figures">
            {t('playback.at', format)}
          </Text>
        </Group>
        {shown ? <PictureContent shown={shown} siteId={upload.site_id} numbers={numbers} /> : null}
      </div>
    </Card>
  );
}
