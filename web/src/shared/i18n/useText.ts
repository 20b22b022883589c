import { useLingui } from '@lingui/react';
import type { MessageId } from './en';
import type { Text, Values } from './i18n';

/** The texts of the language that is chosen, and its name for numbers and times. */
export function useText(): { t: Text; locale: string } {
  const { i18n } = useLingui();
  return { t: (id: MessageId, values?: Values) => i18n._(id, values), locale: i18n.locale };
}
