import { isText, type Text } from '@/shared/i18n/i18n';

/** What a group of consumers does; the name itself if it is another one. */
export function stepText(group: string, t: Text): string {
  const id = `system.step-${group}`;
  return isText(id) ? t(id) : group;
}

/** Why pictures were not analysed. */
export function droppedText(drop: { reason: string; frames: number }, t: Text): string {
  const id = `system.dropped-${drop.reason}`;
  return t(isText(id) ? id : 'system.dropped-other', { count: drop.frames, reason: drop.reason });
}
