import { ApiError } from '../api/client';

/** A part of a page that cannot show what it should, and how it asks again. */
export interface Failed {
  error: Error;
  retry: () => void;
}

/** Two errors of the same text are the same to a person. */
export function sameness(error: Error): string {
  return error instanceof ApiError ? `${error.status} ${error.code} ${error.message}` : String(error);
}

/** The errors that several parts have, each once, with the parts that have it. */
export function common(parts: Iterable<Failed>): ReadonlyMap<string, readonly Failed[]> {
  const groups = new Map<string, Failed[]>();
  for (const part of parts) {
    const key = sameness(part.error);
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return new Map([...groups].filter(([, group]) => group.length > 1));
}
