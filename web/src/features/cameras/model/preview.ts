/** What the rules as they are drawn would have raised, in the words of the editor. */
import type { Schemas } from '@/shared/api/client';
import { subject } from './settings';
import type { Shape } from './shapes';

/** What a preview needs of the form: neither the address of the camera nor its login. */
export function drawnRules(settings: Schemas['CameraSettings']): Schemas['DrawnRules'] {
  const { zones, lines, rules } = settings;
  return { zones: zones ?? [], lines: lines ?? [], rules: rules ?? [] };
}

/** Where an alert would have been raised, on the picture. */
export interface Mark {
  key: string;
  /** Place of its zone or line among the shapes. */
  shape: number;
  x: number;
  y: number;
}

/** Alerts of rules and shapes that were removed since have no mark. */
export function marks(
  alerts: readonly Schemas['PreviewedAlert'][],
  rules: readonly Schemas['Rule'][],
  shapes: readonly Shape[],
): Mark[] {
  return alerts.flatMap((alert) => {
    const rule = rules.find((one) => one.id === alert.rule_id);
    const shape = rule ? shapes.findIndex((one) => one.id === subject(rule)) : -1;
    return shape < 0 ? [] : [{ key: keyOf(alert), shape, x: alert.x, y: alert.y }];
  });
}

/** A track raises one alert of a rule at a time. */
export function keyOf(alert: Schemas['PreviewedAlert']): string {
  return `${alert.rule_id} ${alert.track_id} ${alert.at}`;
}

/** What limits what the preview says. */
export type Limit = 'nothing' | 'partly' | 'truncated' | 'older';

/** Between frames of a camera there is always some time, and the newest rows are on their way. */
const WHOLE = 0.98;

export function limits(result: Schemas['RulePreview']): Limit[] {
  const asked = (Date.parse(result.to) - Date.parse(result.from)) / 1000;
  const found: Limit[] = [];
  if (result.frames === 0) found.push('nothing');
  else if (result.truncated) found.push('truncated');
  else if (result.watched_seconds < WHOLE * asked) found.push('partly');
  if (result.unjudged_frames > 0) found.push('older');
  return found;
}
