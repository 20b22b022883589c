import { PasswordForm } from '@/features/sign-in/components/PasswordForm';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function AccountPage() {
  const { t } = useText();
  return (
    <Page width="form" title={t('nav.account')}>
      <PasswordForm />
    </Page>
  );
}
