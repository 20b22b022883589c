/** Joins what several parts of a page ask for at nearly the same time into one question. */
export interface BatchLimits {
  /** The most ids of one question. */
  most: number;
  /** How long the first id waits for others. */
  waitMs: number;
}

interface Waiting<T> {
  resolve: (found: T | undefined) => void;
  reject: (error: unknown) => void;
}

/** The answer for one id, `undefined` if the question has none. Who asks for the same id meanwhile gets the same answer. */
export function batched<T>(
  ask: (ids: string[]) => Promise<ReadonlyMap<string, T>>,
  limits: BatchLimits,
): (id: string) => Promise<T | undefined> {
  let waiting = new Map<string, Waiting<T>[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function send() {
    clearTimeout(timer);
    timer = undefined;
    const sent = waiting;
    waiting = new Map();
    try {
      const found = await ask([...sent.keys()]);
      for (const [id, all] of sent) for (const one of all) one.resolve(found.get(id));
    } catch (error) {
      for (const all of sent.values()) for (const one of all) one.reject(error);
    }
  }

  return (id) =>
    new Promise((resolve, reject) => {
      waiting.set(id, [...(waiting.get(id) ?? []), { resolve, reject }]);
      timer ??= setTimeout(() => void send(), limits.waitMs);
      if (waiting.size >= limits.most) void send();
    });
}
