import { Button, Group, Loader, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { cameraTestQuery, isOver, snapshotAddress, startTest } from '../api/queries';

/** Tries a camera, and says what it sends or what is wrong. */
export function CameraTest(props: {
  siteId: string;
  wanted: () => Schemas['WantedTest'];
  label: string;
  onPicture: (address: string) => void;
}) {
  const { t, locale } = useText();
  const { siteId, onPicture } = props;
  const started = useMutation({ mutationFn: () => startTest(siteId, props.wanted()) });
  const id = started.data?.id;
  const query = useQuery({ ...cameraTestQuery(siteId, id ?? ''), enabled: id !== undefined });
  const test = id === undefined ? undefined : query.data;
  const running = started.isPending || (id !== undefined && !isOver(test) && !query.isError);

  const seen = test?.state === 'done' && !test.snapshot_problem ? test.id : undefined;
  useEffect(() => {
    if (seen) onPicture(snapshotAddress(siteId, seen));
  }, [seen, siteId, onPicture]);

  const error = started.error ?? query.error;
  return (
    <Group gap="sm" align="center">
      <Button variant="default" loading={running} onClick={() => started.mutate()}>
        {props.label}
      </Button>
      <div role="status">
        {running ? (
          <Group gap="xs">
            <Loader size="xs" />
            <Text size="sm">{t('test.running')}</Text>
          </Group>
        ) : null}
        <FailureText error={error} titled />
        {!running && test?.failure ? (
          <Text size="sm" c="red">
            {t('test.failed')}: <span lang="en">{test.failure.detail}</span>
          </Text>
        ) : null}
        {!running && test?.snapshot_problem ? (
          <Text size="sm" c="red">
            {t('test.no-picture')}: <span lang="en">{test.snapshot_problem}</span>
          </Text>
        ) : null}
        {!running && test?.seen ? (
          <Text size="sm">
            {t('test.seen', {
              codec: test.seen.codec,
              width: test.seen.width,
              height: test.seen.height,
              rate: (test.seen.frames_per_second ?? 0).toLocaleString(locale, { maximumFractionDigits: 1 }),
              seconds: test.seen.first_picture_seconds.toLocaleString(locale, { maximumFractionDigits: 1 }),
            })}
          </Text>
        ) : null}
      </div>
    </Group>
  );
}
