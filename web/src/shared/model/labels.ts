export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

/**
 * Where the name of each box stands, all in pixels: above it, below it, or at its upper edge inside, whichever is in the picture and covers
 * no other name. Where people stand so close that none is free, a box has no name: half a name says nothing.
 */
export function placeLabels(
  labels: readonly { box: Rect; width: number }[],
  height: number,
  picture: Size,
): ({ x: number; y: number } | undefined)[] {
  const taken: Rect[] = [];
  return labels.map(({ box, width }) => {
    const inside = (x: number) => Math.max(0, Math.min(x, picture.width - width));
    const right = inside(box.left + box.width - width);
    const rows = [box.top - height, box.top + box.height, box.top];
    const places = rows.flatMap((y) => [inside(box.left), right].map((x) => ({ x, y })));
    const free = places.find(({ x, y }) => {
      if (y < 0 || y + height > picture.height) return false;
      return !taken.some((one) => overlap(one, { left: x, top: y, width, height }));
    });
    if (free) taken.push({ left: free.x, top: free.y, width, height });
    return free;
  });
}

function overlap(one: Rect, other: Rect): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}
