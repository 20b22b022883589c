import { ApiError } from '../api/client';
import { isText, type Text } from '../i18n/i18n';

/** What the form calls the field of a request; a field of which it has no name is named as the API does. */
function fieldName(field: string, t: Text): string {
  const id = `field.${field}`;
  return isText(id) ? t(id) : field;
}

/** What a person reads about a failure. What the server says is specific; where it says too little, we say more. */
export function problemText(error: unknown, t: Text): { title: string; detail: string } {
  if (!(error instanceof ApiError)) return { title: t('error.program'), detail: String(error) };
  switch (true) {
    case error.status === 0:
      return { title: t('error.offline'), detail: t('error.offline-detail') };
    case error.status === 403:
      return { title: t('error.denied'), detail: t('error.denied-detail') };
    case error.status === 404:
      return { title: t('error.not-found'), detail: t('error.not-found-detail') };
    case error.status === 412:
      return { title: t('error.changed'), detail: t('error.changed-detail') };
    case error.status === 429:
      return {
        title: t('error.too-many'),
        detail: t('error.too-many-detail', { seconds: error.retryAfterSeconds ?? 1 }),
      };
    case error.status >= 500:
      return { title: t('error.server'), detail: error.message };
    default:
      return {
        title: t('error.refused'),
        detail: error.field ? `${fieldName(error.field, t)}: ${error.message}` : error.message,
      };
  }
}
