import { Text } from '@mantine/core';
import { useText } from '../i18n/useText';
import { problemText } from '../model/problems';

/** The server's own words, in English. */
export function Technical(props: { words: string | undefined }) {
  return props.words ? (
    <span lang="en" className="technical sentence">
      {props.words}
    </span>
  ) : null;
}

/** Why an action has failed; nothing while there is no error. `titled`: where it could be about something else. */
export function FailureText(props: { error: unknown; titled?: boolean }) {
  const { t } = useText();
  if (!props.error) return null;
  const { title, detail, technical } = problemText(props.error, t);
  return (
    <Text component="div" role="alert" size="sm" c="red" className="sentence">
      {props.titled ? `${title}: ${detail}` : detail}
      <Technical words={technical} />
    </Text>
  );
}
