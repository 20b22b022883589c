import { ActionIcon, Button, Group, NumberInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';
import { useText } from '@/shared/i18n/useText';
import { DataTable } from '@/shared/ui/DataTable';
import { MinusIcon, PlusIcon } from '@/shared/ui/Icons';
import type { Mark } from '../model/preview';
import {
  addCorner,
  addShape,
  type Drawing,
  FEWEST,
  moveCorner,
  type Point,
  removeCorner,
  removeShape,
  rename,
  type Shape,
  step,
  undo,
} from '../model/shapes';

const COLOURS = ['#f08c00', '#1c7ed6', '#2f9e44', '#ae3ec9', '#e03131', '#0c8599'];

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#f08c00';
}

interface Selected {
  shape: number;
  corner: number;
}

/** Zones and lines on a picture: corners are dragged, moved with arrow keys, or typed into the table. */
export function ZoneEditor(props: {
  drawing: Drawing;
  onChange: (drawing: Drawing) => void;
  picture: string | undefined;
  /** What is shown while there is no picture; it is told how to say its ratio. */
  live: ((onRatio: (ratio: number) => void) => ReactNode) | undefined;
  /** Where alerts would have been raised. */
  marks: readonly Mark[];
}) {
  const { t } = useText();
  const { drawing, onChange } = props;
  const [selected, setSelected] = useState<Selected>({ shape: 0, corner: 0 });
  const [refused, setRefused] = useState(false);

  function apply(next: Drawing) {
    setRefused(next === drawing);
    if (next !== drawing) onChange(next);
  }
  function add(kind: Shape['kind']) {
    apply(addShape(drawing, kind, t(`shape.${kind}`)));
    setSelected({ shape: drawing.shapes.length, corner: 0 });
  }

  const shape = drawing.shapes[selected.shape];
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button variant="default" onClick={() => add('zone')}>
          {t('editor.add-zone')}
        </Button>
        <Button variant="default" onClick={() => add('line')}>
          {t('editor.add-line')}
        </Button>
        <Button variant="default" disabled={drawing.past.length === 0} onClick={() => apply(undo(drawing))}>
          {t('editor.undo')}
        </Button>
      </Group>
      <div className="two-columns">
        <Stack gap="xs">
          <EditorPicture
            drawing={drawing}
            picture={props.picture}
            live={props.live}
            marks={props.marks}
            selected={selected}
            onSelect={setSelected}
            onMove={(at, to) => apply(moveCorner(drawing, at.shape, at.corner, to))}
            onRemove={(at) => {
              apply(removeCorner(drawing, at.shape, at.corner));
              setSelected({ shape: at.shape, corner: Math.max(0, at.corner - 1) });
            }}
          />
          <Text size="sm" className="quiet">
            {t('editor.help')}
          </Text>
          <Text size="sm" role="status" c={refused ? 'red' : undefined} mih="1.3em">
            {refused ? t('editor.refused') : ''}
          </Text>
        </Stack>
        <Stack gap="sm">
          <Group gap="xs" role="group" aria-label={t('editor.shapes')}>
            {drawing.shapes.map((one, index) => (
              <Button
                key={`${one.kind}-${one.id}`}
                size="xs"
                variant={index === selected.shape ? 'filled' : 'default'}
                aria-pressed={index === selected.shape}
                onClick={() => setSelected({ shape: index, corner: 0 })}
                leftSection={<span className="dot" style={{ background: colourOf(index) }} />}
              >
                {one.name || one.id}
              </Button>
            ))}
          </Group>
          {shape ? (
            <ShapeTable
              shape={shape}
              onRename={(name) => apply(rename(drawing, selected.shape, name))}
              onMove={(corner, to) => apply(moveCorner(drawing, selected.shape, corner, to))}
              onAdd={(corner) => apply(addCorner(drawing, selected.shape, corner))}
              onRemove={(corner) => apply(removeCorner(drawing, selected.shape, corner))}
              onRemoveShape={() => {
                apply(removeShape(drawing, selected.shape));
                setSelected({ shape: 0, corner: 0 });
              }}
            />
          ) : null}
        </Stack>
      </div>
    </Stack>
  );
}

function EditorPicture(props: {
  drawing: Drawing;
  picture: string | undefined;
  live: ((onRatio: (ratio: number) => void) => ReactNode) | undefined;
  marks: readonly Mark[];
  selected: Selected;
  onSelect: (at: Selected) => void;
  onMove: (at: Selected, to: Point) => void;
  onRemove: (at: Selected) => void;
}) {
  const { t } = useText();
  const svg = useRef<SVGSVGElement>(null);
  const [dragged, setDragged] = useState<Selected>();
  const [ratio, setRatio] = useState(4 / 3);

  function placeOf(event: PointerEvent): Point | undefined {
    const area = svg.current?.getBoundingClientRect();
    if (!area) return undefined;
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  }
  function drag(event: PointerEvent) {
    const to = placeOf(event);
    if (dragged && to) props.onMove(dragged, to);
  }
  function press(event: KeyboardEvent, at: Selected, point: Point) {
    const by = step(event.key, event.shiftKey);
    if (by) {
      event.preventDefault();
      props.onMove(at, [point[0] + by[0], point[1] + by[1]]);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      props.onRemove(at);
    }
  }

  // Corners keep their shape on pictures that are not square.
  const [width, height] = [1000 * ratio, 1000];
  return (
    <div className="picture" style={{ aspectRatio: ratio }}>
      {props.picture ? (
        <img
          src={props.picture}
          alt={t('editor.picture')}
          onLoad={(event) => setRatio(event.currentTarget.naturalWidth / event.currentTarget.naturalHeight)}
        />
      ) : (
        (props.live?.(setRatio) ?? (
          <div className={props.drawing.shapes.length > 0 ? 'note low' : 'note'}>{t('editor.no-picture')}</div>
        ))
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: an SVG has no element that is a group of controls */}
      <svg
        ref={svg}
        role="group"
        aria-label={t('editor.drawing')}
        viewBox={`0 0 ${width} ${height}`}
        style={{ touchAction: 'none' }}
        onPointerMove={drag}
        onPointerUp={() => setDragged(undefined)}
      >
        <g aria-hidden>
          {props.marks.map((mark) => (
            <path
              key={mark.key}
              data-mark={mark.shape}
              d={`M${mark.x * width - 12} ${mark.y * height - 12}l24 24m0-24l-24 24`}
              stroke={colourOf(mark.shape)}
              strokeWidth={6}
            />
          ))}
        </g>
        {props.drawing.shapes.map((shape, index) => {
          const colour = colourOf(index);
          const active = index === props.selected.shape;
          const corners = shape.points.map(([x, y]) => `${x * width},${y * height}`).join(' ');
          const common = { points: corners, stroke: colour, strokeWidth: active ? 7 : 4 };
          return (
            <g key={`${shape.kind}-${shape.id}`} data-shape={shape.id}>
              {shape.kind === 'zone' ? (
                <polygon {...common} fill={colour} fillOpacity={active ? 0.25 : 0.1} />
              ) : (
                <polyline {...common} fill="none" />
              )}
              {shape.kind === 'line' ? (
                <Directions points={shape.points} width={width} height={height} colour={colour} />
              ) : null}
              {shape.points.map((point, corner) => {
                const at = { shape: index, corner };
                const chosen = active && corner === props.selected.corner;
                return (
                  // biome-ignore lint/a11y/useSemanticElements: a corner is a control inside an SVG
                  <circle
                    // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its place in the order
                    key={corner}
                    cx={point[0] * width}
                    cy={point[1] * height}
                    r={chosen ? 20 : 15}
                    fill={chosen ? '#fff' : colour}
                    stroke={chosen ? colour : '#fff'}
                    strokeWidth={5}
                    tabIndex={0}
                    role="button"
                    aria-label={t('editor.corner', { name: shape.name || shape.id, number: corner + 1 })}
                    style={{ cursor: 'move' }}
                    onFocus={() => props.onSelect(at)}
                    onKeyDown={(event) => press(event, at, point)}
                    onPointerDown={(event) => {
                      props.onSelect(at);
                      setDragged(at);
                      svg.current?.setPointerCapture(event.pointerId);
                    }}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** An arrow across the line: who goes that way is counted as "in". */
function Directions(props: { points: readonly Point[]; width: number; height: number; colour: string }) {
  const { t } = useText();
  const [from, to] = props.points;
  if (!from || !to) return null;
  const [dx, dy] = [(to[0] - from[0]) * props.width, (to[1] - from[1]) * props.height];
  const length = Math.hypot(dx, dy) || 1;
  const [x, y] = [((from[0] + to[0]) / 2) * props.width, ((from[1] + to[1]) / 2) * props.height];
  // From the left of the line, seen along it, to its right.
  const [nx, ny] = [(-dy / length) * 70, (dx / length) * 70];
  return (
    <g stroke={props.colour} strokeWidth={6} fill={props.colour}>
      <line x1={x - nx} y1={y - ny} x2={x + nx} y2={y + ny} />
      <circle cx={x + nx} cy={y + ny} r={10} stroke="none" />
      <text
        x={x + nx * 1.5}
        y={y + ny * 1.5}
        fontSize={36}
        stroke="#000"
        strokeWidth={6}
        paintOrder="stroke"
        fill="#fff"
      >
        {t('direction.in')}
      </text>
    </g>
  );
}

function ShapeTable(props: {
  shape: Shape;
  onRename: (name: string) => void;
  onMove: (corner: number, to: Point) => void;
  onAdd: (corner: number) => void;
  onRemove: (corner: number) => void;
  onRemoveShape: () => void;
}) {
  const { t } = useText();
  const { shape } = props;
  const percent = (value: number) => Math.round(value * 1000) / 10;
  return (
    <Stack gap="xs">
      <Group align="flex-end" gap="xs">
        <TextInput
          label={t('editor.name')}
          value={shape.name}
          maxLength={100}
          onChange={(event) => props.onRename(event.currentTarget.value)}
        />
        <Button variant="default" onClick={props.onRemoveShape}>
          {t(`editor.remove-${shape.kind}`)}
        </Button>
      </Group>
      <DataTable
        label={t('editor.corners')}
        columns={[t('editor.corner-column'), t('editor.from-left'), t('editor.from-top'), '']}
      >
        {shape.points.map(([x, y], corner) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its place in the order
          <Table.Tr key={corner}>
            <Table.Td>{corner + 1}</Table.Td>
            {[x, y].map((value, axis) => (
              <Table.Td key={axis === 0 ? 'x' : 'y'}>
                <NumberInput
                  size="xs"
                  w="5.75rem"
                  aria-label={t(axis === 0 ? 'editor.from-left-of' : 'editor.from-top-of', { number: corner + 1 })}
                  value={percent(value)}
                  min={0}
                  max={100}
                  step={0.5}
                  suffix=" %"
                  onChange={(typed) => {
                    if (typeof typed !== 'number' || typed === percent(value)) return;
                    props.onMove(corner, axis === 0 ? [typed / 100, y] : [x, typed / 100]);
                  }}
                />
              </Table.Td>
            ))}
            <Table.Td>
              <Group gap="xs" wrap="nowrap">
                <ActionIcon
                  variant="default"
                  aria-label={t('editor.add-corner-after', { number: corner + 1 })}
                  title={t('editor.add-corner')}
                  onClick={() => props.onAdd(corner)}
                >
                  <PlusIcon />
                </ActionIcon>
                <ActionIcon
                  variant="default"
                  aria-label={t('editor.remove-corner-number', { number: corner + 1 })}
                  title={t('editor.remove-corner')}
                  disabled={shape.points.length <= FEWEST[shape.kind]}
                  onClick={() => props.onRemove(corner)}
                >
                  <MinusIcon />
                </ActionIcon>
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </DataTable>
    </Stack>
  );
}
