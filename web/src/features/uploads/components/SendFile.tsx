import { Button, FileButton, Group, NativeSelect, Progress, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { camerasQuery, withoutFiles } from '@/shared/api/cameras';
import type { ApiError } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { formatBytes } from '@/shared/model/bytes';
import { FailureText } from '@/shared/ui/FailureText';
import { Card } from '@/shared/ui/Page';
import { uploadsQuery } from '../api/queries';
import { send } from '../api/sending';

interface Sending {
  name: string;
  sent: number;
  bytes: number;
}

/** Where a file is chosen or dropped, and how much of it is sent. */
export function SendFile(props: { siteId: string }) {
  const { t, locale } = useText();
  const { siteId } = props;
  const client = useQueryClient();
  const cameras = useQuery(camerasQuery(siteId)).data ?? [];
  const [like, setLike] = useState('');
  const [sending, setSending] = useState<Sending>();
  const [error, setError] = useState<ApiError>();
  const stop = useRef<() => void>(undefined);

  async function begin(file: File | null) {
    if (!file || sending) return;
    setError(undefined);
    setSending({ name: file.name, sent: 0, bytes: file.size });
    const ended = () => {
      setSending(undefined);
      stop.current = undefined;
      void client.invalidateQueries(uploadsQuery(siteId));
    };
    stop.current = await send(siteId, file, like || undefined, {
      progress: (sent, bytes) => setSending({ name: file.name, sent, bytes }),
      done: ended,
      failed: (failure) => {
        setError(failure);
        ended();
      },
    });
  }

  function pause() {
    stop.current?.();
    setSending(undefined);
    void client.invalidateQueries(uploadsQuery(siteId));
  }

  const choices = withoutFiles(cameras);
  return (
    <Card title={t('uploads.add')}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut of the button */}
      <div
        className="drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void begin(event.dataTransfer.files.item(0));
        }}
      >
        <Group align="flex-end" gap="sm">
          <NativeSelect
            label={t('uploads.like')}
            title={choices.find((camera) => camera.id === like)?.settings.name}
            value={like}
            data={[
              { value: '', label: t('uploads.like-none') },
              ...choices.map((camera) => ({ value: camera.id, label: camera.settings.name || camera.id })),
            ]}
            disabled={sending !== undefined}
            onChange={(event) => setLike(event.currentTarget.value)}
          />
          <FileButton onChange={(file) => void begin(file)} accept="video/*,.mkv,.ts" disabled={sending !== undefined}>
            {(button) => (
              <Button {...button} disabled={sending !== undefined}>
                {t('uploads.choose')}
              </Button>
            )}
          </FileButton>
          <Text size="sm" className="quiet" visibleFrom="sm">
            {t('uploads.drop')}
          </Text>
        </Group>
        {sending ? (
          <Group gap="sm" mt="sm" wrap="nowrap" role="status">
            <Text size="sm">
              {t('uploads.sending', {
                name: sending.name,
                sent: formatBytes(sending.sent, locale),
                bytes: formatBytes(sending.bytes, locale),
              })}
            </Text>
            <Progress
              value={sending.bytes > 0 ? (100 * sending.sent) / sending.bytes : 0}
              aria-label={t('uploads.sent')}
              style={{ flexGrow: 1 }}
            />
            <Button size="xs" variant="default" onClick={pause}>
              {t('uploads.pause')}
            </Button>
          </Group>
        ) : null}
        <FailureText error={error} />
      </div>
    </Card>
  );
}
