import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './schema';

/** The messages of the API, as its document has them. */
export type Schemas = components['schemas'];

/** An answer that is no success, or no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  /** How long to wait before asking again. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, problem: Partial<Schemas['Problem']>, retryAfterSeconds?: number) {
    super(problem.detail ?? problem.title ?? 'the server does not answer');
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'offline' : 'unknown');
    this.field = problem.field ?? undefined;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Without an answer for this long, a request has failed. */
const DEADLINE_MS = 30_000;

async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    return await fetch(new Request(request, { signal }));
  } catch (error) {
    // Who cancels a request wants to see that.
    if (request.signal.aborted) throw error;
    throw new ApiError(0, {});
  }
}

/** A question that is too large for an address: it changes nothing, so that it may happen twice. */
const QUESTION = /\/rule-preview$/;

/** A POST whose answer is lost can be sent again without happening twice. */
const idempotent: Middleware = {
  onRequest({ request }) {
    const changes = request.method === 'POST' && !QUESTION.test(new URL(request.url).pathname);
    if (changes && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', randomKey());
    }
    return request;
  },
};

/** `crypto.randomUUID` is missing on plain HTTP off this machine; random bytes are not. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Every answer that the app reads as an object is plain JSON; counts have other forms, too, for files.
export const api = createClient<paths, 'application/json'>({
  baseUrl: '/',
  fetch: send,
  // Lists repeat their parameter.
  querySerializer: { array: { style: 'form', explode: true } },
});
api.use(idempotent);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

function problemOf(error: unknown): Partial<Schemas['Problem']> {
  return typeof error === 'object' && error !== null ? (error as Partial<Schemas['Problem']>) : {};
}

function failure(answer: Answer<unknown>): ApiError {
  const wait = Number.parseInt(answer.response.headers.get('retry-after') ?? '', 10);
  return new ApiError(answer.response.status, problemOf(answer.error), Number.isNaN(wait) ? undefined : wait);
}

/** The body of a success. */
export async function body<T>(answer: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const settled = await answer;
  if (!settled.response.ok || settled.data === undefined || settled.data === null) throw failure(settled);
  return settled.data;
}

/** A page of a list that is also given as a file, which the app does not ask for. */
export async function pageBody<T>(answer: Promise<Answer<T>>): Promise<Exclude<NonNullable<T>, string>> {
  const found = await body(answer);
  if (typeof found === 'string') throw new TypeError('a page came as a text');
  return found as Exclude<NonNullable<T>, string>;
}

/** A success without a body. */
export async function done(answer: Promise<Answer<unknown>>): Promise<void> {
  const settled = await answer;
  if (!settled.response.ok) throw failure(settled);
}

/** Something with the version that a change of it must name. */
export interface Tagged<T> {
  value: T;
  etag: string;
}

export async function tagged<T>(answer: Promise<Answer<T>>): Promise<Tagged<NonNullable<T>>> {
  const settled = await answer;
  if (!settled.response.ok || settled.data === undefined || settled.data === null) throw failure(settled);
  return { value: settled.data, etag: settled.response.headers.get('etag') ?? '' };
}
