import { Link } from '@tanstack/react-router';
import { useText } from '@/shared/i18n/useText';
import { ErrorNotice, Notice } from '@/shared/ui/StateView';

/** An address that leads nowhere. */
export function Missing() {
  const { t } = useText();
  return (
    <Notice
      title={t('missing.title')}
      action={
        <Link to="/" className="link">
          {t('missing.home')}
        </Link>
      }
    >
      {t('missing.text')}
    </Notice>
  );
}

/** A page that could not be loaded: the server is away, or the program has a fault. */
export function Broken(props: { error: unknown }) {
  return <ErrorNotice error={props.error} retry={() => window.location.reload()} />;
}
