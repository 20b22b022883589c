import { queryOptions } from '@tanstack/react-query';
import { api, body, done, type Schemas } from '@/shared/api/client';

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/sign-in', { signal })),
});

export function logIn(wanted: Schemas['LogIn']) {
  return body(api.POST('/api/v1/session', { body: wanted }));
}

export function addFirstAdmin(wanted: Schemas['FirstAdmin']) {
  return body(api.POST('/api/v1/first-admin', { body: wanted }));
}

export function setPassword(wanted: Schemas['PasswordChange']) {
  return done(api.PUT('/api/v1/session/password', { body: wanted }));
}
