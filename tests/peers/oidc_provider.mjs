// A provider that others wrote, for the client's tests: npm oidc-provider with its in-memory adapter.
// Reads one JSON line from standard input: {port, clients, ttl}. Prints "ready" when it answers.
import { createInterface } from 'node:readline';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const [line] = await new Promise((resolve) => {
  const lines = createInterface({ input: process.stdin });
  lines.once('line', (text) => resolve([text]));
});
const { port, clients, ttl } = JSON.parse(line);

function signingKey(kid, alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients,
  jwks: {
    keys: [
      signingKey('es', 'ES256', 'ec', { namedCurve: 'P-256' }),
      signingKey('rs', 'RS256', 'rsa', { modulusLength: 2048 }),
    ],
  },
  cookies: { keys: ['a test needs no secret here'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, name: `Test ${id}`, email: `${id}@example.org` }),
  }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    // Who is called nonce-... must hold a nonce in each DPoP proof.
    dPoP: {
      enabled: true,
      nonceSecret: randomBytes(32),
      requireNonce: (ctx) => Boolean(ctx.oidc.client?.clientId.startsWith('nonce-')),
    },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'api'],
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, ClientCredentials: 3600, ...ttl },
});

const counts = {};
provider.use(async (ctx, next) => {
  if (ctx.path === '/test/counts') {
    ctx.body = counts;
    return;
  }
  counts[ctx.path] = (counts[ctx.path] ?? 0) + 1;
  await next();
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
