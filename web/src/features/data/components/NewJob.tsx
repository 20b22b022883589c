import { Button, Group, NativeSelect, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { Notice } from '@/shared/ui/StateView';
import { deletionsQuery, exportsQuery, makeDeletion, makeExport } from '../api/queries';
import { rangeOf } from '../model/jobs';
import { ConfirmDeletion } from './ConfirmDeletion';

/** Chooses a camera and a range of time, and exports or deletes what the camera saw then. */
export function NewJob(props: { siteId: string; zone: string; cameras: Schemas['Camera'][] }) {
  const { t } = useText();
  const { siteId, zone, cameras } = props;
  const client = useQueryClient();
  const [chosen, setChosen] = useState(cameras[0]?.id ?? '');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [asks, setAsks] = useState(false);
  const found = rangeOf(from, to, zone, new Date());
  const range = found && 'range' in found ? found.range : undefined;
  const camera = cameras.find((one) => one.id === chosen);
  const exported = useMutation({
    mutationFn: makeExport,
    onSettled: () => client.invalidateQueries(exportsQuery(siteId)),
  });
  const deleted = useMutation({
    mutationFn: makeDeletion,
    onSettled: () => client.invalidateQueries(deletionsQuery(siteId)),
  });
  if (!camera) return <Notice title={t('data.no-camera')}>{t('data.no-camera-text')}</Notice>;
  const wanted = range ? { siteId, cameraId: camera.id, range } : undefined;
  return (
    <Card title={t('data.choose')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted) exported.mutate(wanted);
        }}
      >
        <Group align="flex-end" gap="sm">
          <NativeSelect
            label={t('common.camera')}
            title={camera.settings.name}
            value={camera.id}
            data={cameras.map((one) => ({ value: one.id, label: one.settings.name || one.id }))}
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label={t('data.from')}
            value={from}
            required
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label={t('data.to')}
            value={to}
            required
            onChange={(event) => setTo(event.currentTarget.value)}
          />
          <Group gap="xs" wrap="nowrap">
            <Button type="submit" variant="default" disabled={!wanted} loading={exported.isPending}>
              {t('data.export')}
            </Button>
            <Button variant="light" color="red" disabled={!wanted} onClick={() => setAsks(true)}>
              {t('data.delete')}
            </Button>
          </Group>
        </Group>
      </form>
      <Text size="xs" className="quiet">
        {t('data.zone', { zone })}
      </Text>
      <Text role="status" size="sm" c="red" className="said">
        {found && 'wrong' in found ? t(found.wrong) : null}
      </Text>
      <FailureText error={exported.error ?? deleted.error} />
      {asks && wanted ? (
        <ConfirmDeletion
          camera={camera.settings.name || camera.id}
          range={wanted.range}
          zone={zone}
          onClose={() => setAsks(false)}
          onSure={() => {
            setAsks(false);
            deleted.mutate(wanted);
          }}
        />
      ) : null}
    </Card>
  );
}
