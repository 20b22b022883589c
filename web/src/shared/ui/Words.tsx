import { Badge } from '@mantine/core';
import type { Schemas } from '../api/client';
import type { MessageId } from '../i18n/en';
import { useText } from '../i18n/useText';
import { CLASS_COLOURS, type RoadUserClass } from '../model/classes';
import { formatMoment, formatRecent, zoneName } from '../model/time';

export function ClassName(props: { value: RoadUserClass | null | undefined }) {
  const { t } = useText();
  if (!props.value) return <span className="quiet">{t('class.unknown')}</span>;
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: '0.4em', whiteSpace: 'nowrap' }}>
      <span className="dot" style={{ background: CLASS_COLOURS[props.value] }} aria-hidden />
      {t(`class.${props.value}`)}
    </span>
  );
}

const SEVERITY_COLOURS = { info: 'gray', warning: 'yellow', critical: 'red' } as const;

export function SeverityBadge(props: { value: Schemas['Severity'] | null | undefined }) {
  const { t } = useText();
  const value = props.value ?? 'info';
  return (
    <Badge
      color={SEVERITY_COLOURS[value]}
      variant="light"
      c="var(--mantine-color-text)"
      tt="none"
      style={{ flexShrink: 0 }}
    >
      {t(`severity.${value}` as MessageId)}
    </Badge>
  );
}

/** A time in the zone of its site, which is named. */
export function Moment(props: { at: string; zone: string }) {
  const { locale } = useText();
  return (
    <time
      dateTime={props.at}
      title={`${formatMoment(props.at, props.zone, locale)} ${props.zone}`}
      style={{ whiteSpace: 'nowrap' }}
    >
      {formatRecent(props.at, new Date(), props.zone, locale)}{' '}
      <span className="quiet">{zoneName(new Date(props.at), props.zone, locale)}</span>
    </time>
  );
}
