import { Users } from '@/features/people/components/Users';
import { SystemView } from '@/features/system/components/SystemView';
import { useText } from '@/shared/i18n/useText';
import { Page } from '@/shared/ui/Page';

export function SystemPage() {
  const { t } = useText();
  return (
    <Page title={t('system.title')} subtitle={t('system.text')}>
      <SystemView />
    </Page>
  );
}

export function UsersPage() {
  const { t } = useText();
  return (
    <Page width="table" title={t('users.title')} subtitle={t('users.text')}>
      <Users />
    </Page>
  );
}
