import { setupI18n } from '@lingui/core';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { en, type MessageId } from './en';

export type Locale = 'en' | 'de';
export const LOCALES: Record<Locale, string> = { en: 'English', de: 'Deutsch' };

const STORED = 'vru.locale';

export const i18n = setupI18n({ locale: 'en', messages: { en } });
i18n.setMessagesCompiler(compileMessage);

/** English is in the first load; another language is loaded when it is wanted. */
export async function changeLocale(locale: Locale): Promise<void> {
  if (locale === 'de') {
    const { de } = await import('./de');
    i18n.load('de', de);
  }
  i18n.activate(locale);
  document.documentElement.lang = locale;
  localStorage.setItem(STORED, locale);
}

/** What the person chose here, or what their browser asks for. */
export function preferredLocale(): Locale {
  const wanted = localStorage.getItem(STORED) ?? navigator.language;
  return wanted.toLowerCase().startsWith('de') ? 'de' : 'en';
}

/** The variant of the language that the browser prefers, for numbers and times: 24 hours in Britain, 12 in America. */
export function regionOf(language: string, preferred: readonly string[]): string {
  return (
    preferred.find((one) => one.toLowerCase().startsWith(`${language}-`)) ?? (language === 'en' ? 'en-GB' : language)
  );
}

/** Whether there is a text for a word of the API, which may be newer than the app. */
export function isText(id: string): id is MessageId {
  return id in en;
}

export type Values = Record<string, string | number>;
export type Text = (id: MessageId, values?: Values) => string;
