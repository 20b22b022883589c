import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { draw, type OverlayObject, type Shapes, scaled } from '@/shared/model/overlay';
import { readFrames } from '../api/queries';
import { Frames, partAt } from '../model/frames';

type Frame = Schemas['UploadFrame'];

export interface Shown {
  /** From the first picture on. */
  seconds: number;
  frame: Frame | undefined;
  /** What is known of this picture is not read yet. */
  reading: boolean;
  /** Nobody knows which boxes belong to which picture. */
  lost: boolean;
}

/** How long until frames that were not analysed are asked for again. */
const AGAIN_MS = 3_000;

/**
 * Draws each picture of the video and its boxes into the canvas in one go. The player says which picture it shows; of another one nothing
 * is drawn.
 */
export function usePlayback(
  upload: Schemas['Upload'],
  shapes: Shapes,
  name: (object: OverlayObject) => string,
  video: RefObject<HTMLVideoElement | null>,
  canvas: RefObject<HTMLCanvasElement | null>,
  address: string | undefined,
) {
  const [shown, setShown] = useState<Shown>();
  const frames = useRef(new Frames());
  const reading = useRef(new Set<number>());
  /** Media time of the picture that is shown, and of the first one. */
  const time = useRef<number>(undefined);
  const first = useRef<number>(undefined);
  const latest = useRef({ upload, shapes, name });
  latest.current = { upload, shapes, name };
  const ended = useRef(new AbortController());

  const paint = useCallback(() => {
    const [player, target, at, begin] = [video.current, canvas.current, time.current, first.current];
    if (!player || !target || at === undefined || begin === undefined || player.videoWidth === 0) return;
    const offset = frames.current.begins(begin);
    const seconds = at - (offset ?? begin);
    const frame = offset === undefined ? undefined : frames.current.at(seconds);
    const size = { width: player.videoWidth, height: player.videoHeight };
    const { name: label, shapes: drawn } = latest.current;
    draw(target, player, scaled(size, undefined, 1), frame?.objects ?? [], drawn, label);
    target.dataset.sequence = frame ? String(frame.sequence) : '';
    target.dataset.objects = frame ? String(frame.objects.length) : '';
    const missing = !frames.current.has(partAt(seconds));
    setShown({ seconds, frame, reading: missing, lost: offset === undefined && frames.current.has(0) });
  }, [video, canvas]);

  /** Reads what is found around this time. */
  const read = useCallback(
    async (seconds: number) => {
      const final = ['done', 'failed', 'cancelled'].includes(latest.current.upload.state);
      for (const part of new Set([0, partAt(seconds), partAt(seconds) + 1])) {
        if (reading.current.has(part)) continue;
        reading.current.add(part);
        try {
          frames.current.add(part, await readFrames(latest.current.upload, part, ended.current.signal));
          if (!final) setTimeout(() => reading.current.delete(part), AGAIN_MS);
        } catch {
          // The server is away: the shell says so, and it is asked again.
          setTimeout(() => reading.current.delete(part), AGAIN_MS);
        }
        if (ended.current.signal.aborted) return;
        paint();
      }
    },
    [paint],
  );

  useEffect(() => {
    const player = video.current;
    if (!player || !address) return;
    ended.current = new AbortController();
    const { signal } = ended.current;
    let handle = 0;
    const present = (_now: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      handle = player.requestVideoFrameCallback(present);
      // The player begins at its first picture.
      first.current ??= mediaTime;
      time.current = mediaTime;
      paint();
      void read(mediaTime - first.current);
    };
    handle = player.requestVideoFrameCallback(present);
    const timer = setInterval(() => {
      if (time.current !== undefined) void read(time.current - (first.current ?? 0));
    }, AGAIN_MS);
    return () => {
      ended.current.abort();
      clearInterval(timer);
      player.cancelVideoFrameCallback(handle);
      if (signal.aborted) reading.current.clear();
    };
  }, [video, address, paint, read]);

  const seek = useCallback(
    (seconds: number) => {
      if (video.current && first.current !== undefined)
        video.current.currentTime = Math.max(0, first.current + seconds);
    },
    [video],
  );
  const step = useCallback(
    (forward: boolean) => {
      if (!video.current || time.current === undefined || first.current === undefined) return;
      video.current.pause();
      const to = frames.current.neighbour(time.current - first.current, forward);
      if (to !== undefined) seek(to);
    },
    [video, seek],
  );
  return { shown, seek, step, paint };
}
