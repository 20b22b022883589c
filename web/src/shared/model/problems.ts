import { ApiError } from '../api/client';
import { i18n, isText, type Text } from '../i18n/i18n';

/** What a person reads about a failure. */
export interface ProblemText {
  title: string;
  detail: string;
  /** What the server said, in English, where it says more than `detail` and that is in another language. */
  technical?: string;
}

/** What the server says about these has names and numbers that a text of ours cannot have. */
const SPECIFIC: ReadonlySet<string> = new Set([
  'body_too_large',
  'data_jobs_not_configured',
  'file_too_large',
  'foreign_origin',
  'invalid_field',
  'invalid_parameter',
  'malformed_json',
  'no_secrets_key',
  'provider_unavailable',
  'quota_exceeded',
  'served_before',
  'too_many_jobs',
  'too_many_tests',
  'too_many_webhooks',
  'uploads_not_configured',
]);

/** Of errors whose code is newer than this page, or that something else than the server sent. */
const BY_STATUS: Readonly<Record<number, string>> = {
  403: 'forbidden',
  404: 'not_found',
  412: 'changed_meanwhile',
  429: 'rate_limited',
};

/** What the form calls the field of a request; a field of which it has no name is named as the API does. */
function withField(field: string | undefined, words: string, t: Text): string {
  if (!field) return words;
  const id = `field.${field}`;
  return `${isText(id) ? t(id) : field}: ${words}`;
}

export function problemText(error: unknown, t: Text): ProblemText {
  if (!(error instanceof ApiError)) return { title: t('error.program'), detail: String(error) };
  const title = titleOf(error.status, t);
  if (error.status === 0) return { title, detail: t('error.offline-detail') };
  const { code, field, message } = error;
  const id = [code, BY_STATUS[error.status]].map((one) => `problem.${one}`).find(isText);
  const own = id && t(id, { seconds: error.retryAfterSeconds ?? 1 });
  if (own !== undefined && !SPECIFIC.has(code)) return { title, detail: own };
  if (i18n.locale === 'en') return { title, detail: withField(field, message, t) };
  return { title, detail: withField(field, own ?? t('error.server-says'), t), technical: message };
}

function titleOf(status: number, t: Text): string {
  switch (true) {
    case status === 0:
      return t('error.offline');
    case status === 403:
      return t('error.denied');
    case status === 404:
      return t('error.not-found');
    case status === 412:
      return t('error.changed');
    case status === 429:
      return t('error.too-many');
    case status >= 500:
      return t('error.server');
    default:
      return t('error.refused');
  }
}
