import type { Schemas } from '@/shared/api/client';
import type { Point, Shape } from './shapes';

/** What the form holds. What it does not show stays as it is. */
export interface CameraDraft {
  name: string;
  enabled: boolean;
  /** Heads and plates are blurred in snapshots, clips and live pictures. On for a new camera: it may see a public street. */
  blur: boolean;
  source: 'pull' | 'push';
  url: string;
  transport: Schemas['Transport'];
  path: string;
  username: string;
  password: string;
  /** The camera's login is removed. */
  forgetLogin: boolean;
  /** Degrees; empty if nobody knows where the camera is. */
  latitude: number | string;
  longitude: number | string;
  /** Where it looks, clockwise from north. */
  heading: number | string;
  shapes: readonly Shape[];
  rules: readonly Schemas['Rule'][];
}

function points(values: number[][]): Point[] {
  return values.map(([x = 0, y = 0]): Point => [x, y]);
}

export function draftOf(settings: Schemas['CameraSettings'] | undefined): CameraDraft {
  const zones = (settings?.zones ?? []).map(
    (zone): Shape => ({ kind: 'zone', id: zone.id, name: zone.name ?? '', points: points(zone.polygon) }),
  );
  const lines = (settings?.lines ?? []).map(
    (line): Shape => ({ kind: 'line', id: line.id, name: line.name ?? '', points: points(line.points) }),
  );
  return {
    name: settings?.name ?? '',
    enabled: settings?.enabled ?? true,
    blur: settings ? (settings.privacy?.blur ?? false) : true,
    source: settings?.push ? 'push' : 'pull',
    url: settings?.pull?.url ?? '',
    transport: settings?.pull?.transport ?? 'tcp',
    path: settings?.push?.path ?? '',
    username: '',
    password: '',
    forgetLogin: false,
    latitude: settings?.location?.latitude ?? '',
    longitude: settings?.location?.longitude ?? '',
    heading: settings?.location?.heading ?? '',
    shapes: [...zones, ...lines],
    rules: settings?.rules ?? [],
  };
}

/** What is sent: the settings as they were, with what the form shows. */
export function wanted(draft: CameraDraft, before: Schemas['CameraSettings'] | undefined): Schemas['WantedCamera'] {
  const shapes = (kind: Shape['kind']) => draft.shapes.filter((shape) => shape.kind === kind);
  const known = new Set(draft.shapes.map((shape) => shape.id));
  const settings: Schemas['CameraSettings'] = {
    ...before,
    name: draft.name,
    enabled: draft.enabled,
    // Said in any case of a new camera: nobody knows where it looks.
    ...(draft.blur || before?.privacy || !before ? { privacy: { ...before?.privacy, blur: draft.blur } } : {}),
    location: locationOf(draft),
    pull: draft.source === 'pull' ? { ...before?.pull, url: draft.url, transport: draft.transport } : null,
    push: draft.source === 'push' ? { ...before?.push, ...(draft.path ? { path: draft.path } : {}) } : null,
    zones: shapes('zone').map(({ id, name, points }) => ({ id, name, polygon: points.map((point) => [...point]) })),
    lines: shapes('line').map(({ id, name, points }) => ({ id, name, points: points.map((point) => [...point]) })),
    // A rule about a shape that is gone would be refused.
    rules: draft.rules.filter((rule) => known.has(subject(rule))),
  };
  if (draft.username) return { settings, credentials: { username: draft.username, password: draft.password } };
  return draft.forgetLogin ? { settings, credentials: null } : { settings };
}

function locationOf({ latitude, longitude, heading }: CameraDraft): Schemas['CameraLocation'] | null {
  if (latitude === '' || longitude === '') return null;
  const at = { latitude: Number(latitude), longitude: Number(longitude) };
  return heading === '' ? at : { ...at, heading: Number(heading) };
}

/** The zone or line that a rule is about. */
export function subject(rule: Schemas['Rule']): string {
  return rule.zone_presence?.zone ?? rule.dwell?.zone ?? rule.line_crossing?.line ?? '';
}

export type RuleKind = 'presence' | 'dwell' | 'line_crossing';

export function kindOf(rule: Schemas['Rule']): RuleKind {
  if (rule.dwell) return 'dwell';
  return rule.line_crossing ? 'line_crossing' : 'presence';
}

/** A rule for a shape, with an id that the camera does not have. */
export function newRule(kind: RuleKind, shape: string, rules: readonly Schemas['Rule'][]): Schemas['Rule'] {
  const ids = new Set(rules.map((rule) => rule.id));
  const stem = `${shape}-${kind.replace('_', '-')}`;
  let id = stem;
  for (let number = 2; ids.has(id); number += 1) id = `${stem}-${number}`;
  switch (kind) {
    case 'presence':
      return { id, severity: 'warning', zone_presence: { zone: shape, min_seconds: 0.5 } };
    case 'dwell':
      return { id, severity: 'warning', dwell: { zone: shape, seconds: 20 } };
    case 'line_crossing':
      return { id, severity: 'info', line_crossing: { line: shape, direction: 'both' } };
  }
}

export const DIRECTIONS: readonly Schemas['Direction'][] = ['both', 'in', 'out'];

/** Which crossings of a line raise an alert; `undefined` for a rule about a zone. */
export function directionOf(rule: Schemas['Rule']): Schemas['Direction'] | undefined {
  return rule.line_crossing ? (rule.line_crossing.direction ?? 'both') : undefined;
}

export function withDirection(rule: Schemas['Rule'], direction: Schemas['Direction']): Schemas['Rule'] {
  return rule.line_crossing ? { ...rule, line_crossing: { ...rule.line_crossing, direction } } : rule;
}

/** Whom the rule is about; nobody in the list: pedestrians, cyclists and motorcyclists. */
export function classesOf(rule: Schemas['Rule']): readonly Schemas['Class'][] {
  return (rule.zone_presence ?? rule.dwell ?? rule.line_crossing)?.classes ?? [];
}

export function withClasses(rule: Schemas['Rule'], classes: Schemas['Class'][]): Schemas['Rule'] {
  if (rule.dwell) return { ...rule, dwell: { ...rule.dwell, classes } };
  if (rule.line_crossing) return { ...rule, line_crossing: { ...rule.line_crossing, classes } };
  return rule.zone_presence ? { ...rule, zone_presence: { ...rule.zone_presence, classes } } : rule;
}

/** How long somebody must be there, in seconds. */
export function seconds(rule: Schemas['Rule']): number | undefined {
  return rule.dwell?.seconds ?? rule.zone_presence?.min_seconds ?? undefined;
}

export function withSeconds(rule: Schemas['Rule'], value: number): Schemas['Rule'] {
  if (rule.dwell) return { ...rule, dwell: { ...rule.dwell, seconds: value } };
  if (rule.zone_presence) return { ...rule, zone_presence: { ...rule.zone_presence, min_seconds: value } };
  return rule;
}
