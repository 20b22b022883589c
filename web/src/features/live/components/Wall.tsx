import { Button, Group, MultiSelect } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import type { Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { MOST_TILES, onWall, type WallSearch } from '../model/wall';
import { LiveTile } from './LiveTile';

/** Cameras side by side, for a screen on a wall. */
export function Wall(props: {
  cameras: Schemas['Camera'][];
  search: WallSearch;
  onSearch: (search: WallSearch) => void;
}) {
  const { t } = useText();
  const { cameras, search } = props;
  const grid = useRef<HTMLDivElement>(null);
  const shown = onWall(cameras, search.cameras);
  const columns = Math.ceil(Math.sqrt(Math.max(1, shown.length)));
  const rows = Math.ceil(Math.max(1, shown.length) / columns);
  return (
    <>
      <Group align="flex-end" gap="sm">
        <MultiSelect
          label={t('wall.cameras')}
          placeholder={search.cameras ? undefined : t('common.all-cameras')}
          value={search.cameras ?? []}
          data={cameras.map((camera) => ({ value: camera.id, label: camera.settings.name || camera.id }))}
          maxValues={MOST_TILES}
          clearable
          onChange={(chosen) => props.onSearch(chosen.length > 0 ? { cameras: chosen } : {})}
        />
        <Button variant="default" onClick={() => void grid.current?.requestFullscreen()}>
          {t('wall.full')}
        </Button>
      </Group>
      <div ref={grid} className="wall" style={{ '--columns': columns, '--rows': rows } as React.CSSProperties}>
        {shown.map((camera) => (
          <figure key={camera.id}>
            <LiveTile camera={camera} rendition="tile" />
            <figcaption>
              <Link
                to="/sites/$siteId/cameras/$cameraId"
                params={{ siteId: camera.site_id, cameraId: camera.id }}
                title={camera.settings.name || camera.id}
              >
                {camera.settings.name || camera.id}
              </Link>
            </figcaption>
          </figure>
        ))}
      </div>
    </>
  );
}
