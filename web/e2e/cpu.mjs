// How much processor time programs have used, which says the same on a busy machine as on an idle one.
import { readdirSync, readFileSync } from 'node:fs';

/** Of the kernel, on every machine that this runs on. */
const TICKS_PER_SECOND = 100;

function processes() {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name, in brackets, may have spaces.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return [{ pid, parent: fields[1], ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      // Not a process, or one that ended meanwhile.
      return [];
    }
  });
}

/** The processes that this one has started. */
export function started() {
  return processes().flatMap(({ pid, parent }) => (parent === String(process.pid) ? [pid] : []));
}

/** Seconds that these processes, and all that they started, have used. */
export function cpuSeconds(roots) {
  const all = processes();
  const mine = new Set(roots);
  for (let before = -1; before < mine.size; ) {
    before = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
  }
  return all.reduce((sum, { pid, ticks }) => sum + (mine.has(pid) ? ticks : 0), 0) / TICKS_PER_SECOND;
}
