import { useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { GuideView } from '@/features/guide/components/GuideView';
import { useText } from '@/shared/i18n/useText';

export function GuidePage() {
  const { t } = useText();
  const { page } = useParams({ strict: false });
  useEffect(() => {
    document.title = `${t('nav.guide')} · vru`;
  }, [t]);
  return <GuideView page={page} />;
}
