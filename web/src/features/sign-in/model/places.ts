/** Where to go after a sign-in: a page of this app, and nothing that an address from elsewhere could make it. */
export function pageAfter(to: unknown): string {
  if (typeof to !== 'string' || !to.startsWith('/') || to.startsWith('//') || to.includes('\\')) return '/';
  return /^\/(sign-in|welcome)\b/.test(to) ? '/' : to;
}
