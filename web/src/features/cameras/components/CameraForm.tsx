import { Button, Checkbox, Group, NativeSelect, PasswordInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { drawnRules, marks } from '../model/preview';
import { type CameraDraft, draftOf, kindOf, subject, wanted } from '../model/settings';
import { type Drawing, start } from '../model/shapes';
import { CameraPlace } from './CameraPlace';
import { CameraTest } from './CameraTest';
import { PreviewPanel, useRulePreview } from './RulePreview';
import { RulesTable } from './RulesTable';
import { ZoneEditor } from './ZoneEditor';

/** A camera that is added or changed: its address, a test with a picture, and what is drawn on it. */
export function CameraForm(props: {
  siteId: string;
  zone: string;
  camera: Schemas['Camera'] | undefined;
  /** The live picture, where there is one. */
  live?: (onRatio: (ratio: number) => void) => ReactNode;
  save: (wanted: Schemas['WantedCamera']) => Promise<unknown>;
  cancel: () => void;
}) {
  const { t } = useText();
  const before = props.camera?.settings;
  const [draft, setDraft] = useState<CameraDraft>(() => draftOf(before));
  const [drawing, setDrawing] = useState<Drawing>(() => start(draft.shapes));
  const [tested, setTested] = useState<string>();
  const saved = useMutation({ mutationFn: props.save });
  const set = (change: Partial<CameraDraft>) => setDraft((now) => ({ ...now, ...change }));
  const whole = (): CameraDraft => ({ ...draft, shapes: drawing.shapes });
  const drawn = drawnRules(wanted(whole(), before).settings);
  const preview = useRulePreview(props.siteId, props.camera?.id, drawn);
  const pulls = draft.source === 'pull';

  // A camera that is saved is tested as it is, with its stored login; one that was changed here, as it would be.
  function test(): Schemas['WantedTest'] {
    const { settings, credentials } = wanted(whole(), before);
    const same = props.camera && settings.pull?.url === before?.pull?.url && !draft.username;
    if (props.camera && same) return { camera_id: props.camera.id };
    return credentials ? { settings, credentials } : { settings };
  }

  /** A rule that was removed since has no words. */
  function ruleText(rule: Schemas['Rule'] | undefined): string {
    if (!rule) return '–';
    const shape = drawing.shapes.find((one) => one.id === subject(rule));
    return t(`rules.${kindOf(rule)}`, { name: shape?.name || subject(rule) });
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saved.mutate(wanted(whole(), before));
      }}
    >
      <Stack gap="md">
        <Card title={t('form.camera')}>
          <Group align="flex-end" gap="md" className="form-row">
            <TextInput
              label={t('form.name')}
              value={draft.name}
              required
              maxLength={100}
              w="20rem"
              maw="100%"
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <NativeSelect
              label={t('form.source')}
              value={draft.source}
              data={[
                { value: 'pull', label: t('form.pull') },
                { value: 'push', label: t('form.push') },
              ]}
              onChange={(event) => set({ source: event.currentTarget.value === 'push' ? 'push' : 'pull' })}
            />
            <Switch
              label={t('form.blur')}
              checked={draft.blur}
              onChange={(event) => set({ blur: event.currentTarget.checked })}
            />
            <Switch
              label={t('form.enabled')}
              checked={draft.enabled}
              onChange={(event) => set({ enabled: event.currentTarget.checked })}
            />
          </Group>
          {pulls ? (
            <TextInput
              label={t('form.url')}
              description={t('form.url-help')}
              placeholder="rtsp://192.0.2.7/stream1"
              value={draft.url}
              required
              onChange={(event) => set({ url: event.currentTarget.value.trim() })}
            />
          ) : (
            <TextInput
              label={t('form.path')}
              description={t('form.path-help')}
              value={draft.path}
              onChange={(event) => set({ path: event.currentTarget.value.trim() })}
            />
          )}
          <Group align="flex-end" gap="md" className="form-row">
            <TextInput
              label={t('form.username')}
              value={draft.username}
              autoComplete="off"
              placeholder={props.camera?.has_credentials ? t('form.unchanged') : undefined}
              onChange={(event) => set({ username: event.currentTarget.value })}
            />
            <PasswordInput
              label={t('form.password')}
              value={draft.password}
              autoComplete="new-password"
              required={draft.username !== ''}
              w="14rem"
              onChange={(event) => set({ password: event.currentTarget.value })}
            />
            {props.camera?.has_credentials ? (
              <Checkbox
                label={t('form.forget-login')}
                checked={draft.forgetLogin}
                onChange={(event) => set({ forgetLogin: event.currentTarget.checked })}
              />
            ) : null}
          </Group>
          <CameraPlace place={draft} onChange={set} />
          {pulls ? (
            <CameraTest siteId={props.siteId} wanted={test} label={t('form.test')} onPicture={setTested} />
          ) : (
            <Text size="sm" className="quiet">
              {t('form.push-test')}
            </Text>
          )}
        </Card>
        <Card title={t('form.drawing')}>
          <ZoneEditor
            drawing={drawing}
            onChange={setDrawing}
            picture={tested}
            live={props.live}
            marks={marks(preview.result?.alerts ?? [], draft.rules, drawing.shapes)}
          />
        </Card>
        <Card title={t('rules.title')}>
          <RulesTable
            shapes={drawing.shapes}
            rules={draft.rules}
            preview={preview}
            onChange={(rules) => set({ rules })}
          />
          <PreviewPanel
            siteId={props.siteId}
            zone={props.zone}
            isNew={props.camera === undefined}
            hasRules={(drawn.rules ?? []).length > 0}
            preview={preview}
            nameOf={(id) => ruleText(draft.rules.find((rule) => rule.id === id))}
          />
        </Card>
        <FailureText error={saved.error} titled />
        <Group gap="xs">
          <Button type="submit" loading={saved.isPending}>
            {t('form.save')}
          </Button>
          <Button variant="default" onClick={props.cancel}>
            {t('common.cancel')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
