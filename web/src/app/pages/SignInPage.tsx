import { useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { SignIn } from '@/features/sign-in/components/SignIn';
import { Welcome } from '@/features/sign-in/components/Welcome';
import { pageAfter } from '@/features/sign-in/model/places';

function useEnter() {
  const client = useQueryClient();
  const router = useRouter();
  return async (to: string) => {
    client.clear();
    await router.invalidate();
    router.history.push(to);
  };
}

export function SignInPage() {
  const enter = useEnter();
  const { to } = useSearch({ from: '/sign-in' });
  return <SignIn onSignedIn={() => void enter(pageAfter(to))} />;
}

export function WelcomePage() {
  const enter = useEnter();
  return <Welcome token={window.location.hash.slice(1)} onSignedIn={() => void enter('/')} />;
}
