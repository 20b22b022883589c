import type { Schemas } from '@/shared/api/client';
import { CLASSES } from '@/shared/model/classes';
import { compact, moment, type Search, text, word, words } from '@/shared/model/search';

export const STATES = ['new', 'acknowledged', 'dismissed', 'all'] as const;
export const KINDS: readonly Schemas['AlertKind'][] = ['presence', 'dwell', 'line_crossing'];
export const SEVERITIES: readonly Schemas['Severity'][] = ['info', 'warning', 'critical'];

/** The inbox as its address says it. */
export interface AlertFilters {
  state?: (typeof STATES)[number];
  kind?: Schemas['AlertKind'][];
  severity?: Schemas['Severity'][];
  class?: Schemas['RoadUserClass'][];
  camera?: string;
  from?: string;
  to?: string;
  /** The alert that is open beside the list. */
  alert?: string;
}

export function alertFilters(search: Search): AlertFilters {
  return compact({
    state: word(search.state, STATES),
    kind: words(search.kind, KINDS),
    severity: words(search.severity, SEVERITIES),
    class: words(search.class, CLASSES),
    camera: text(search.camera),
    from: moment(search.from),
    to: moment(search.to),
    alert: text(search.alert),
  });
}

/** What is asked of the API: without a state, the inbox shows what is new. */
export function alertQuery(filters: AlertFilters) {
  const state = filters.state ?? 'new';
  return compact({
    state: state === 'all' ? undefined : [state],
    kind: filters.kind,
    severity: filters.severity,
    class: filters.class,
    camera_id: filters.camera ? [filters.camera] : undefined,
    from: filters.from,
    to: filters.to,
  });
}
