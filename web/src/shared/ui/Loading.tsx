import { SimpleGrid, Skeleton, Stack } from '@mantine/core';
import type { CSSProperties } from 'react';
import { useText } from '../i18n/useText';

/** What will be there: the page does not jump when it has come. */
export type Shape = 'rows' | 'form' | 'tiles' | 'columns' | 'charts' | 'figures';

/** Grey where the content will be. `rows` and `height` are those of rows. */
export function Loading(props: { shape?: Shape; rows?: number; height?: number }) {
  const { t } = useText();
  return (
    <div role="status" aria-label={t('common.loading')}>
      <Shapes {...props} />
    </div>
  );
}

function Shapes(props: { shape?: Shape; rows?: number; height?: number }) {
  switch (props.shape) {
    case 'tiles':
      return (
        <div className="grid-cameras" style={{ '--cards': 3 } as CSSProperties}>
          {times(3).map((tile) => (
            <div key={tile} className="card">
              <Skeleton className="skeleton-picture" radius={0} />
              <Stack gap="sm" p="md">
                <Skeleton height={18} width="60%" />
                <Skeleton height={14} width="40%" />
              </Stack>
            </div>
          ))}
        </div>
      );
    case 'columns':
      return (
        <div className="two-columns">
          <Stack className="card" gap="sm" p="md">
            <Skeleton className="skeleton-picture" />
            <Skeleton height={14} width="50%" />
          </Stack>
          <Stack gap="md">
            {times(2).map((card) => (
              <TextCard key={card} lines={4} />
            ))}
          </Stack>
        </div>
      );
    case 'form':
      return (
        <Stack className="card" gap="md" p="md">
          <Skeleton height={18} width="30%" />
          <div className="fields">
            {times(3).map((field) => (
              <Skeleton key={field} height={56} />
            ))}
          </div>
        </Stack>
      );
    case 'figures':
      return (
        <Stack gap="md">
          <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'md' }}>
            {times(4).map((card) => (
              <Stack key={card} className="card" gap="sm" p="md">
                <Skeleton height={18} width="60%" />
                <Skeleton height={14} width="40%" />
              </Stack>
            ))}
          </SimpleGrid>
          <div className="two-columns">
            {times(2).map((card) => (
              <TextCard key={card} lines={3} />
            ))}
          </div>
          <Stack className="card" gap="sm" p="md">
            {times(6).map((row) => (
              <Skeleton key={row} height={28} />
            ))}
          </Stack>
        </Stack>
      );
    case 'charts':
      return (
        <div className="grid-charts">
          {times(2).map((chart) => (
            <Stack key={chart} className="card" gap="sm" p="md">
              <Skeleton height={18} width="40%" />
              <Skeleton className="chart" />
            </Stack>
          ))}
        </div>
      );
    default:
      return (
        <Stack gap="sm">
          {times(props.rows ?? 4).map((row) => (
            <Skeleton key={row} height={props.height ?? 44} radius="sm" />
          ))}
        </Stack>
      );
  }
}

/** A title and lines of text. */
function TextCard(props: { lines: number }) {
  return (
    <Stack className="card" gap="sm" p="md">
      <Skeleton height={18} width="40%" />
      {times(props.lines).map((line) => (
        <Skeleton key={line} height={14} />
      ))}
    </Stack>
  );
}

function times(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `part-${index}`);
}
