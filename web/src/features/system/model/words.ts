import { isText, type Text } from '@/shared/i18n/i18n';

/** What a group of consumers does with its messages; the name of the group if it is another one. */
export function stepText({ name, topic }: { name: string; topic: string }, t: Text): string {
  const id = [`system.step-${name}-${topic}`, `system.step-${name}`].find(isText);
  return id ? t(id) : name;
}

/** Why pictures were not analysed. */
export function droppedText(drop: { reason: string; frames: number }, t: Text): string {
  const id = `system.dropped-${drop.reason}`;
  return t(isText(id) ? id : 'system.dropped-other', { count: drop.frames, reason: drop.reason });
}
