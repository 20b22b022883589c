// An OpenID Connect provider for tests: the npm package oidc-provider with its own log-in and consent pages.
//
//   node oidc_provider.mjs PACKAGES PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
//
// A line on the standard input says how the following ID tokens are falsified: a word of `falsify`, or nothing.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [packages, port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: Provider } = await load('oidc-provider');
const jose = await load('jose');

const issuer = `http://127.0.0.1:${port}`;
const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const [ours, foreign] = [pair(), pair()];
const key = { ...ours.export({ format: 'jwk' }), kid: 'ours', use: 'sig', alg: 'RS256' };

const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
  jwks: { keys: [key] },
  cookies: { keys: ['a secret of the test'] },
  // It would be in the answer to another request otherwise, and we read the ID token only.
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  findAccount: async (_, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, name: `Person ${sub}`, email: 'ada@example.org', email_verified: false }),
  }),
});

const sign = (claims, privateKey) =>
  new jose.SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'ours' }).sign(privateKey);
const unsigned = (claims) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
};
const falsify = {
  nonce: (claims) => sign({ ...claims, nonce: 'of another sign-in' }, ours),
  'no-nonce': ({ nonce, ...claims }) => sign(claims, ours),
  issuer: (claims) => sign({ ...claims, iss: 'https://other.example.org' }, ours),
  audience: (claims) => sign({ ...claims, aud: 'another client' }, ours),
  expired: (claims) => sign({ ...claims, exp: claims.iat - 600, iat: claims.iat - 1200 }, ours),
  signature: (claims) => sign(claims, foreign),
  none: unsigned,
};
let falsified = '';
createInterface({ input: process.stdin })
  .on('line', (line) => {
    falsified = line.trim();
    console.log(`falsified: ${falsified}`);
  })
  // The test has ended.
  .on('close', () => process.exit(0));

provider.use(async (context, next) => {
  await next();
  if (context.path === '/token' && context.body?.id_token && falsify[falsified]) {
    context.body.id_token = await falsify[falsified](jose.decodeJwt(context.body.id_token));
  }
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
