import { Link } from '@tanstack/react-router';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';
import { ErrorNotice } from '@/shared/ui/StateView';

/** An address that leads nowhere. */
export function Missing() {
  const { t } = useText();
  return (
    <Page title={t('missing.title')} subtitle={t('missing.text')}>
      <Link to="/" className="link">
        {t('missing.home')}
      </Link>
    </Page>
  );
}

/** A page that could not be loaded: the server is away, or the program has a fault. */
export function Broken(props: { error: unknown }) {
  return <ErrorNotice error={props.error} retry={() => window.location.reload()} />;
}
