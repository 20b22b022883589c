import { Text } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { isText } from '@/shared/i18n/i18n';
import { useText } from '@/shared/i18n/useText';
import { Moment } from '@/shared/ui/Words';
import { countsOf } from '../model/jobs';

/** Of which camera, and of which time. */
export function CameraAndRange(props: { job: Schemas['Deletion'] | Schemas['Export']; name: string; zone: string }) {
  const { job, zone } = props;
  return (
    <>
      {props.name}
      <Text size="sm" className="quiet">
        <Moment at={job.from} zone={zone} /> – <Moment at={job.to} zone={zone} />
      </Text>
    </>
  );
}

/** How many of each kind. */
export function Counts(props: { counts: Schemas['Deleted'] | Schemas['Exported']; over: boolean }) {
  const { t, locale } = useText();
  const found = countsOf(props.counts);
  if (found.length === 0) return <span className="quiet">{props.over ? t('data.nothing') : null}</span>;
  return (
    <dl className="counts">
      {found.map(({ kind, count }) => (
        <div key={kind}>
          <dt>{t(`data.kind-${kind}`)}</dt>
          <dd>{count.toLocaleString(locale)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How far it is, and what keeps it from going on. */
export function JobState(props: { job: Schemas['Deletion'] | Schemas['Export'] }) {
  const { t } = useText();
  const { job } = props;
  const step = `data.step-${job.step}`;
  return (
    <>
      {t(`data.is-${job.state}`)}
      {job.state === 'running' && isText(step) ? (
        <Text size="sm" className="quiet">
          {t('data.step', { step: t(step) })}
        </Text>
      ) : null}
      {job.problem ? (
        <Text size="sm" c={job.state === 'failed' ? 'red' : undefined} className="sentence">
          <span lang="en">{job.problem}</span>
        </Text>
      ) : null}
    </>
  );
}
