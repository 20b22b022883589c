// Makes the PNG of a page small: pages have few colours, and a photo in them bears fewer than it has.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = [256, 128, 64, 32, 16];

/** At most `limit` bytes, with as many colours as fit. */
export function shrink(png, limit) {
  const picture = decode(png);
  for (const colours of COLOURS) {
    const small = encode(picture, palette(picture.pixels, colours));
    if (small.length <= limit) return small;
  }
  throw new Error(`a picture of ${picture.width} × ${picture.height} pixels does not fit into ${limit} bytes`);
}

/** Of what Chromium writes: 8 bits a channel, RGB or RGBA, not interlaced. Pixels are 0xRRGGBB. */
export function decode(png) {
  const data = [];
  let [width, height, type] = [0, 0, 0];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const name = png.toString('latin1', at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (name === 'IHDR') {
      [width, height, type] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9]];
      if (body[8] !== 8 || (type !== 2 && type !== 6) || body[12] !== 0) throw new Error('an unexpected kind of PNG');
    } else if (name === 'IDAT') data.push(body);
    at += 12 + length;
  }
  const channels = type === 6 ? 4 : 3;
  const stride = width * channels;
  const raw = inflateSync(Buffer.concat(data));
  const pixels = new Uint32Array(width * height);
  let before = new Uint8Array(stride);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    const row = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
    for (let x = 0; x < stride; x += 1) {
      const left = x >= channels ? row[x - channels] : 0;
      const above = before[x];
      const corner = x >= channels ? before[x - channels] : 0;
      row[x] += [0, left, above, (left + above) >> 1, filter === 4 ? paeth(left, above, corner) : 0][filter];
    }
    for (let x = 0; x < width; x += 1) {
      const at = x * channels;
      pixels[y * width + x] = (row[at] << 16) | (row[at + 1] << 8) | row[at + 2];
    }
    before = row;
  }
  return { width, height, pixels };
}

function paeth(left, above, corner) {
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

/** Colours that differ less than this are one from the start. */
const cell = (colour) => colour & 0xfcfcfc;
const SHIFTS = [16, 8, 0];
const channel = (colour, shift) => (colour >> shift) & 0xff;

/** Median cut: the box of colours that is widest for what it holds is cut in its middle, until there are enough. */
function palette(pixels, most) {
  const cells = new Map();
  for (const pixel of pixels) {
    const colour = cell(pixel);
    let found = cells.get(colour);
    if (!found) {
      found = { colour, count: 0, sums: [0, 0, 0] };
      cells.set(colour, found);
    }
    found.count += 1;
    for (let at = 0; at < SHIFTS.length; at += 1) found.sums[at] += channel(pixel, SHIFTS[at]);
  }
  const boxes = [measured([...cells.values()])];
  while (boxes.length < most) {
    boxes.sort((one, other) => one.weight - other.weight);
    const widest = boxes.pop();
    if (widest.cells.length < 2) {
      boxes.push(widest);
      break;
    }
    const { shift, total } = widest;
    const sorted = widest.cells.toSorted((one, other) => channel(one.colour, shift) - channel(other.colour, shift));
    let cut = 0;
    let held = 0;
    while (cut < sorted.length - 1 && (cut === 0 || held + sorted[cut].count <= total / 2)) {
      held += sorted[cut].count;
      cut += 1;
    }
    boxes.push(measured(sorted.slice(0, cut)), measured(sorted.slice(cut)));
  }
  const index = new Map();
  const colours = boxes.map((box, number) => {
    for (const { colour } of box.cells) index.set(colour, number);
    return SHIFTS.map((_, at) => Math.round(box.cells.reduce((sum, { sums }) => sum + sums[at], 0) / box.total));
  });
  return { index, colours };
}

function measured(cells) {
  let [shift, side] = [0, 0];
  for (const one of SHIFTS) {
    let [least, largest] = [255, 0];
    for (const { colour } of cells) {
      least = Math.min(least, channel(colour, one));
      largest = Math.max(largest, channel(colour, one));
    }
    if (largest - least > side) [shift, side] = [one, largest - least];
  }
  const total = cells.reduce((sum, { count }) => sum + count, 0);
  // A large area of one colour must not take the colours of the rest.
  return { cells, total, shift, weight: side * Math.sqrt(total) };
}

function encode({ width, height, pixels }, { index, colours }) {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = index.get(cell(pixels[y * width + x]));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(colours.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name, body) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}
