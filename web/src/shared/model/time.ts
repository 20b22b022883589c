/** Times are shown in the zone of their site, and the zone is named. */

export function formatMoment(at: string | Date, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone }).format(
    new Date(at),
  );
}

/** Whether both are on one day of the zone. */
function isSameDay(one: Date, other: Date, zone: string): boolean {
  return startOfDay(one, zone).getTime() === startOfDay(other, zone).getTime();
}

/** Of today, only the time. */
export function formatRecent(at: string | Date, now: Date, zone: string, locale: string): string {
  if (!isSameDay(new Date(at), now, zone)) return formatMoment(at, zone, locale);
  return new Intl.DateTimeFormat(locale, { timeStyle: 'medium', timeZone: zone }).format(new Date(at));
}

export function formatDay(at: string | Date, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: zone }).format(new Date(at));
}

/** `CET`, or `GMT+2` where the zone has no short name in that language. */
export function zoneName(at: Date, zone: string, locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }).formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

interface Wall {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function wall(at: Date, zone: string): Wall {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

function offsetMs(at: Date, zone: string): number {
  const { year, month, day, hour, minute, second } = wall(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at.getTime() / 1000) * 1000;
}

/** The moment at which clocks of the zone show this. What clocks skip is the moment after the gap; of what they show twice, the first. */
function moment(year: number, month: number, day: number, hour: number, minute: number, zone: string): Date {
  const asUtc = Date.UTC(year, month - 1, day, hour, minute);
  const offsets = [asUtc - 86_400_000, asUtc + 86_400_000].map((near) => offsetMs(new Date(near), zone));
  const [before = 0, after = 0] = offsets;
  const candidates = [asUtc - before, asUtc - after].sort((a, b) => a - b);
  const exact = candidates.find((candidate) => candidate + offsetMs(new Date(candidate), zone) === asUtc);
  return new Date(exact ?? asUtc - before);
}

/** The beginning of the day of the zone in which `at` is, `days` later. */
export function startOfDay(at: Date, zone: string, days = 0): Date {
  const { year, month, day } = wall(at, zone);
  const shifted = new Date(Date.UTC(year, month - 1, day + days));
  return moment(shifted.getUTCFullYear(), shifted.getUTCMonth() + 1, shifted.getUTCDate(), 0, 0, zone);
}

export function startOfHour(at: Date, zone: string): Date {
  // Some zones are half an hour off.
  const offset = offsetMs(at, zone);
  return new Date(Math.floor((at.getTime() + offset) / 3_600_000) * 3_600_000 - offset);
}

/** As `<input type="datetime-local">` has it. */
export function toLocalInput(at: string | Date, zone: string): string {
  const { year, month, day, hour, minute } = wall(new Date(at), zone);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/** `undefined`: not a time. */
export function fromLocalInput(text: string, zone: string): Date | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(text);
  if (!found) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = found.slice(1).map(Number);
  return moment(year, month, day, hour, minute, zone);
}

/** How long ago, in the largest unit that says enough. */
export function age(seconds: number): { value: number; unit: 'second' | 'minute' | 'hour' | 'day' } {
  if (seconds < 100) return { value: Math.max(0, Math.round(seconds)), unit: 'second' };
  if (seconds < 100 * 60) return { value: Math.round(seconds / 60), unit: 'minute' };
  if (seconds < 48 * 3600) return { value: Math.round(seconds / 3600), unit: 'hour' };
  return { value: Math.round(seconds / 86_400), unit: 'day' };
}

export function formatAge(seconds: number, locale: string): string {
  const { value, unit } = age(seconds);
  // Of no time at all, one says "now"; a day ago is not "yesterday", which is another day in another zone.
  const numeric = value === 0 ? 'auto' : 'always';
  return new Intl.RelativeTimeFormat(locale, { numeric, style: 'short' }).format(-value, unit);
}

export function formatDuration(seconds: number, locale: string): string {
  // Symbols of the SI, which are the same in each language; a browser's own say "secs".
  const number = (value: number, unit: 's' | 'min' | 'h', digits = 0) =>
    `${value.toLocaleString(locale, { maximumFractionDigits: digits })}\u00a0${unit}`;
  if (seconds < 10) return number(seconds, 's', 1);
  if (seconds < 120) return number(seconds, 's');
  if (seconds < 7200) return number(seconds / 60, 'min');
  return number(seconds / 3600, 'h', 1);
}
