import { Button, Group, MultiSelect, NativeSelect, NumberInput, Stack, Table, Text } from '@mantine/core';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { CLASSES } from '@/shared/model/classes';
import { word, words } from '@/shared/model/search';
import { DataTable } from '@/shared/ui/DataTable';
import {
  classesOf,
  DIRECTIONS,
  directionOf,
  kindOf,
  newRule,
  type RuleKind,
  seconds,
  subject,
  withClasses,
  withDirection,
  withSeconds,
} from '../model/settings';
import type { Shape } from '../model/shapes';
import type { Preview } from './RulePreview';

const SEVERITIES: Schemas['Severity'][] = ['info', 'warning', 'critical'];

/** What raises alerts. Each zone and line counts without a rule. */
export function RulesTable(props: {
  shapes: readonly Shape[];
  rules: readonly Schemas['Rule'][];
  /** How many alerts each rule would have raised in the last hour, and whether that is of an earlier drawing. */
  preview: Preview;
  onChange: (rules: Schemas['Rule'][]) => void;
}) {
  const { t, locale } = useText();
  const { counts } = props.preview;
  const shown = props.rules.filter((rule) => props.shapes.some((shape) => shape.id === subject(rule)));
  const names = new Map(props.shapes.map((shape) => [shape.id, shape.name || shape.id]));
  function set(rule: Schemas['Rule'], next: Schemas['Rule']) {
    props.onChange(props.rules.map((one) => (one === rule ? next : one)));
  }
  function add(kind: RuleKind, shape: Shape) {
    props.onChange([...props.rules, newRule(kind, shape.id, props.rules)]);
  }
  return (
    <Stack gap="sm">
      {shown.length === 0 ? (
        <Text size="sm" className="quiet">
          {t('rules.none')}
        </Text>
      ) : (
        <DataTable
          label={t('rules.title')}
          columns={[
            t('rules.when'),
            t('rules.who'),
            t('rules.condition'),
            t('rules.severity'),
            ...(counts ? [{ right: t('preview.column') }] : []),
            '',
          ]}
        >
          {shown.map((rule) => {
            const name = names.get(subject(rule)) ?? subject(rule);
            const time = seconds(rule);
            const direction = directionOf(rule);
            return (
              <Table.Tr key={rule.id}>
                <Table.Td>{t(`rules.${kindOf(rule)}`, { name })}</Table.Td>
                <Table.Td>
                  <MultiSelect
                    size="xs"
                    miw="12rem"
                    aria-label={t('rules.who-of', { id: rule.id })}
                    placeholder={classesOf(rule).length > 0 ? undefined : t('rules.who-default')}
                    value={[...classesOf(rule)]}
                    data={CLASSES.map((value) => ({ value, label: t(`class.${value}`) }))}
                    onChange={(chosen) => set(rule, withClasses(rule, words(chosen, CLASSES) ?? []))}
                  />
                </Table.Td>
                <Table.Td>
                  {direction === undefined ? null : (
                    <NativeSelect
                      size="xs"
                      aria-label={t('rules.direction-of', { id: rule.id })}
                      value={direction}
                      data={DIRECTIONS.map((value) => ({ value, label: t(`rules.direction-${value}`) }))}
                      onChange={(event) => {
                        const chosen = word(event.currentTarget.value, DIRECTIONS);
                        if (chosen) set(rule, withDirection(rule, chosen));
                      }}
                    />
                  )}
                  {time === undefined ? null : (
                    <NumberInput
                      size="xs"
                      w="7rem"
                      suffix=" s"
                      aria-label={t('rules.seconds-of', { id: rule.id })}
                      value={time}
                      min={0}
                      step={0.5}
                      onChange={(value) => typeof value === 'number' && set(rule, withSeconds(rule, value))}
                    />
                  )}
                </Table.Td>
                <Table.Td>
                  <NativeSelect
                    size="xs"
                    aria-label={t('rules.severity-of', { id: rule.id })}
                    value={rule.severity ?? 'info'}
                    data={SEVERITIES.map((value) => ({ value, label: t(`severity.${value}`) }))}
                    onChange={(event) => {
                      const severity = SEVERITIES.find((one) => one === event.currentTarget.value);
                      if (severity) set(rule, { ...rule, severity });
                    }}
                  />
                </Table.Td>
                {counts ? (
                  <Table.Td ta="right" data-previewed={rule.id} className={props.preview.isOld ? 'quiet' : undefined}>
                    {counts.get(rule.id)?.toLocaleString(locale) ?? '…'}
                  </Table.Td>
                ) : null}
                <Table.Td>
                  <Button
                    size="xs"
                    variant="subtle"
                    onClick={() => props.onChange(props.rules.filter((one) => one !== rule))}
                  >
                    {t('common.remove')}
                  </Button>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </DataTable>
      )}
      <Group gap="xs">
        {props.shapes.flatMap((shape) => {
          const kinds: RuleKind[] = shape.kind === 'zone' ? ['presence', 'dwell'] : ['line_crossing'];
          return kinds.map((kind) => (
            <Button key={`${shape.id}-${kind}`} size="xs" variant="default" onClick={() => add(kind, shape)}>
              + {t(`rules.${kind}`, { name: shape.name || shape.id })}
            </Button>
          ));
        })}
      </Group>
    </Stack>
  );
}
