import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { problemText } from '@/shared/model/problems';
import { formatDuration, formatRecent, zoneName } from '@/shared/model/time';
import { DataTable } from '@/shared/ui/DataTable';
import { StoredPicture } from '@/shared/ui/Picture';
import { ClassName, Moment } from '@/shared/ui/Words';
import { rulePreviewQuery } from '../api/queries';
import { keyOf, limits } from '../model/preview';

/** Somebody who draws or types is not asked for each step. */
const PAUSE_MS = 700;
const SHOWN_AT_FIRST = 10;

export interface Preview {
  /** By rule: how many alerts it would have raised. */
  counts: ReadonlyMap<string, number> | undefined;
  result: Schemas['RulePreview'] | undefined;
  error: unknown;
  /** It is of an earlier drawing. */
  isOld: boolean;
}

/** What the rules as they are drawn would have raised in the last hour. A camera that is not saved has seen nothing yet. */
export function useRulePreview(siteId: string, cameraId: string | undefined, drawn: Schemas['DrawnRules']): Preview {
  const text = JSON.stringify(drawn);
  const [asked] = useDebouncedValue(text, PAUSE_MS);
  const query = useQuery({
    ...rulePreviewQuery(siteId, cameraId ?? '', JSON.parse(asked)),
    enabled: cameraId !== undefined && (drawn.rules ?? []).length > 0,
  });
  const counts = query.data && new Map(query.data.rules.map((rule) => [rule.rule_id, rule.alerts]));
  return { counts, result: query.data, error: query.error, isOld: query.isPlaceholderData || asked !== text };
}

/** How far the preview is to be trusted, and the alerts that would have been raised. */
export function PreviewPanel(props: {
  siteId: string;
  zone: string;
  isNew: boolean;
  hasRules: boolean;
  preview: Preview;
  /** What raises the alert, in words. */
  nameOf: (ruleId: string) => string;
}) {
  const { t } = useText();
  const { result, error, isOld } = props.preview;
  if (!props.hasRules) return null;
  if (props.isNew) {
    return (
      <Text size="sm" className="quiet">
        {t('preview.new')}
      </Text>
    );
  }
  if (error) {
    return (
      <Text size="sm" c="red" role="status">
        {t('preview.failed', { why: problemText(error, t).detail })}
      </Text>
    );
  }
  if (!result) return null;
  return (
    <Stack gap="sm" className={isOld ? 'quiet' : undefined} data-preview-frames={result.frames} data-old={isOld}>
      <PreviewText result={result} zone={props.zone} />
      {result.alerts.length > 0 ? <PreviewedAlerts {...props} alerts={result.alerts} /> : null}
    </Stack>
  );
}

function PreviewText(props: { result: Schemas['RulePreview']; zone: string }) {
  const { t, locale } = useText();
  const { result } = props;
  const count = result.rules.reduce((sum, rule) => sum + rule.alerts, 0);
  const first = result.first_frame ?? result.from;
  const words = {
    since: `${formatRecent(first, new Date(), props.zone, locale)} ${zoneName(new Date(first), props.zone, locale)}`,
    watched: formatDuration(result.watched_seconds, locale),
    count: result.unjudged_frames,
  };
  return (
    <div role="status">
      {result.frames > 0 ? (
        <Text size="sm" fw={600}>
          {t('preview.text', { count })}
        </Text>
      ) : null}
      {limits(result).map((limit) => (
        <Text key={limit} size="sm" className="quiet" data-limit={limit}>
          {t(`preview.${limit}`, words)}
        </Text>
      ))}
    </div>
  );
}

function PreviewedAlerts(props: {
  siteId: string;
  zone: string;
  alerts: readonly Schemas['PreviewedAlert'][];
  nameOf: (ruleId: string) => string;
}) {
  const { t } = useText();
  const { siteId, alerts } = props;
  const [all, setAll] = useState(false);
  const [pictured, setPictured] = useState<string>();
  const shown = all ? alerts : alerts.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <DataTable
        label={t('preview.alerts')}
        columns={[t('preview.at'), t('rules.when'), t('rules.who'), t('preview.picture')]}
        className="dense"
      >
        {shown.map((alert) => (
          <Table.Tr key={keyOf(alert)} data-previewed-alert={alert.track_id}>
            <Table.Td>
              <Moment at={alert.at} zone={props.zone} />
            </Table.Td>
            <Table.Td>{props.nameOf(alert.rule_id)}</Table.Td>
            <Table.Td>
              <Link
                to="/sites/$siteId/tracks/$trackId"
                params={{ siteId, trackId: alert.track_id }}
                target="_blank"
                className="link"
              >
                <ClassName value={alert.class} />
              </Link>
            </Table.Td>
            <Table.Td>
              {alert.has_snapshot ? (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-pressed={pictured === alert.track_id}
                  onClick={() => setPictured(pictured === alert.track_id ? undefined : alert.track_id)}
                >
                  {t(pictured === alert.track_id ? 'preview.hide' : 'preview.show')}
                </Button>
              ) : (
                '–'
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
      {pictured ? (
        <div style={{ maxWidth: '24rem' }}>
          <StoredPicture siteId={siteId} of="track" id={pictured} exists alt={t('preview.picture-of')} />
        </div>
      ) : null}
      {shown.length < alerts.length ? (
        <Group>
          <Button size="xs" variant="default" onClick={() => setAll(true)}>
            {t('preview.all', { count: alerts.length })}
          </Button>
        </Group>
      ) : null}
    </>
  );
}
