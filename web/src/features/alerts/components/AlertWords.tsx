import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';

/** What happened, as one says it: "Pedestrian in Crossing for more than 8 s". */
export function AlertTitle(props: { alert: Schemas['Alert']; cameras: ReadonlyMap<string, Schemas['Camera']> }) {
  const { t } = useText();
  const { alert, cameras } = props;
  const settings = cameras.get(alert.camera_id)?.settings;
  const who = t(alert.class ? `class.${alert.class}` : 'class.somebody');
  const zone = settings?.zones?.find((one) => one.id === alert.zone_id);
  const line = settings?.lines?.find((one) => one.id === alert.line_id);
  const where = zone?.name || line?.name || alert.zone_id || alert.line_id || alert.rule_id;
  switch (alert.kind) {
    case 'dwell':
      return <>{t('alert.dwell', { who, where })}</>;
    case 'line_crossing':
      return <>{t(alert.direction === 'out' ? 'alert.crossing-out' : 'alert.crossing-in', { who, where })}</>;
    default:
      return <>{t('alert.presence', { who, where })}</>;
  }
}
