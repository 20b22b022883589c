import { Button, Code, CopyButton } from '@mantine/core';
import { useText } from '../i18n/useText';

/** What somebody keeps elsewhere, whole on every screen. Browsers copy on secure pages only. */
export function Secret(props: { value: string }) {
  const { t } = useText();
  return (
    <span className="secret">
      <Code>{props.value}</Code>
      {window.isSecureContext ? (
        <CopyButton value={props.value}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="default" onClick={copy}>
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
      ) : null}
    </span>
  );
}
