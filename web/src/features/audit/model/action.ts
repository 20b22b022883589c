import { isText, type Text } from '@/shared/i18n/i18n';

/** `camera.change` as words; what this version of the app does not know stays as it is. */
export function actionText(action: string, t: Text): string {
  const [kind, verb] = action.split('.');
  const [kindId, verbId] = [`audit.kind-${kind}`, `audit.verb-${verb}`];
  return isText(kindId) && isText(verbId) ? `${t(kindId)}: ${t(verbId)}` : action;
}

/** What the object of an action is, as far as there is a page about it. */
export function pageOf(action: string): 'camera' | 'alert' | 'track' | 'upload' | undefined {
  const [kind, verb] = action.split('.');
  // Of what is gone there is no page, and a list that was read is that of the site.
  if (verb === 'delete' || verb === 'export' || verb === 'see_snapshots') return undefined;
  return kind === 'camera' || kind === 'alert' || kind === 'track' || kind === 'upload' ? kind : undefined;
}
