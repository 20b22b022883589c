import { Text } from '@mantine/core';
import { useText } from '../i18n/useText';
import { problemText } from '../model/problems';

/** Why something that somebody did has failed, in one line; nothing while there is no error. */
export function FailureText(props: { error: unknown }) {
  const { t } = useText();
  if (!props.error) return null;
  return (
    <Text role="alert" size="sm" c="red" className="sentence">
      {problemText(props.error, t).detail}
    </Text>
  );
}
