import { CLASS_COLOURS, CLASSES, type RoadUserClass } from './classes';
import { placeLabels, type Rect } from './labels';

/** A road user on a picture, in fractions of the picture. */
export interface OverlayObject {
  track_id?: string | null;
  class?: string | null;
  confirmed: boolean;
  box: { left: number; top: number; width: number; height: number };
  zones: string[];
  trail?: [number, number][];
}

export interface Shapes {
  zones: { id: string; polygon: number[][] }[];
  lines: { id: string; points: number[][] }[];
}

const ZONE = '#f08c00';
const LINE = '#4dabf7';

export function classOf(object: OverlayObject): RoadUserClass | undefined {
  return CLASSES.find((one) => one === object.class);
}

interface Size {
  width: number;
  height: number;
}

/** How large a canvas is drawn that takes so many pixels of the page (`across`): not larger than it is seen, or than its picture is. `unit`
 * is the size of what is drawn over the picture: names can be read on a small tile and do not fill a large one. */
export function scaled(picture: Size, across: number | undefined, density: number): Size & { unit: number } {
  if (!across) return { ...picture, unit: Math.max(1, picture.width / USUAL_ACROSS) };
  const share = Math.min(1, (across * density) / picture.width);
  const size = { width: Math.round(picture.width * share), height: Math.round(picture.height * share) };
  const growth = Math.min(2, Math.max(0.8, Math.sqrt(across / USUAL_ACROSS)));
  return { ...size, unit: (size.width / across) * growth };
}

const USUAL_ACROSS = 480;

/** Draws a picture and what belongs to it in one go, so that no box is ever on another picture than its own. */
export function draw(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  size: Size & { unit: number },
  objects: readonly OverlayObject[],
  shapes: Shapes,
  name: (object: OverlayObject) => string,
): void {
  const { width, height, unit } = size;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return;
  context.drawImage(picture, 0, 0, width, height);
  context.lineJoin = 'round';
  context.lineWidth = 1.5 * unit;
  const occupied = new Set(objects.flatMap((object) => object.zones));
  const trace = (points: readonly (readonly number[])[]) => {
    context.beginPath();
    for (const [x = 0, y = 0] of points) context.lineTo(x * width, y * height);
  };
  for (const zone of shapes.zones) {
    trace(zone.polygon);
    context.closePath();
    context.fillStyle = ZONE;
    context.strokeStyle = ZONE;
    context.globalAlpha = occupied.has(zone.id) ? 0.28 : 0.08;
    context.fill();
    context.globalAlpha = 1;
    context.stroke();
  }
  context.strokeStyle = LINE;
  for (const line of shapes.lines) {
    trace(line.points);
    context.stroke();
  }
  context.font = `600 ${11 * unit}px ui-sans-serif, system-ui, sans-serif`;
  context.textBaseline = 'bottom';
  const labels: { box: Rect; text: string; width: number; colour: string }[] = [];
  for (const object of objects) {
    const known = classOf(object);
    const colour = known ? CLASS_COLOURS[known] : '#5c6670';
    const { left, top, width: wide, height: high } = object.box;
    context.strokeStyle = colour;
    trail(context, object.trail ?? [], width, height, unit);
    context.lineWidth = 2 * unit;
    context.globalAlpha = object.confirmed ? 1 : 0.45;
    context.strokeRect(left * width, top * height, wide * width, high * height);
    if (!object.confirmed) continue;
    const text = name(object);
    const box = { left: left * width, top: top * height, width: wide * width, height: high * height };
    labels.push({ box, text, width: context.measureText(text).width + 6 * unit, colour });
  }
  context.globalAlpha = 1;
  const places = placeLabels(labels, 15 * unit, { width, height });
  for (const [at, { text, width: wide, colour }] of labels.entries()) {
    const place = places[at];
    if (!place) continue;
    context.fillStyle = colour;
    context.fillRect(place.x, place.y, wide, 15 * unit);
    context.fillStyle = '#fff';
    context.fillText(text, place.x + 3 * unit, place.y + 14 * unit);
  }
}

/** The older, the paler. */
function trail(
  context: CanvasRenderingContext2D,
  points: readonly (readonly [number, number])[],
  width: number,
  height: number,
  unit: number,
): void {
  context.lineWidth = 1.5 * unit;
  for (let at = 1; at < points.length; at += 1) {
    const [from, to] = [points[at - 1], points[at]];
    if (!from || !to) continue;
    context.globalAlpha = at / points.length;
    context.beginPath();
    context.moveTo(from[0] * width, from[1] * height);
    context.lineTo(to[0] * width, to[1] * height);
    context.stroke();
  }
  context.globalAlpha = 1;
}
