import { useLingui } from '@lingui/react';
import type { MessageId } from './en';
import { regionOf, type Text, type Values } from './i18n';

/** The texts of the language that is chosen, and the locale of numbers and times. */
export function useText(): { t: Text; locale: string; language: string } {
  const { i18n } = useLingui();
  return {
    t: (id: MessageId, values?: Values) => i18n._(id, values),
    locale: regionOf(i18n.locale, navigator.languages),
    language: i18n.locale,
  };
}
