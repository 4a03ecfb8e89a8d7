// The peer of the HTTP bench: npm oidc-provider at its best. In memory, ES256 everywhere, rotation on,
// no logging, opaque and JWT access tokens chosen by resource. Usage: node peer_oidc_provider.mjs PORT
import { generateKeyPairSync } from 'node:crypto';

console.warn = console.info = () => {};
const { Provider } = await import('oidc-provider');

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const formats = { 'urn:bench:opaque': 'opaque', 'urn:bench:jwt': 'jwt' };

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'bench' };
}

const redirect = 'http://127.0.0.1:8549/callback';
const grants = ['authorization_code', 'refresh_token', 'client_credentials'];
const client = {
  redirect_uris: [redirect],
  post_logout_redirect_uris: [redirect],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
};

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'bench', client_secret: 'bench-secret', grant_types: grants },
    {
      ...client,
      client_id: 'public',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['bench-cookie-key'] },
  scopes: ['openid', 'offline_access', 'profile', 'api'],
  claims: { openid: ['sub'], profile: ['name'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => false,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'api',
        audience: resource,
        accessTokenTTL: 300,
        accessTokenFormat: formats[resource],
        ...(formats[resource] === 'jwt' && { jwt: { sign: { alg: 'ES256' } } }),
      }),
    },
  },
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Bench' }) }),
  ttl: { Session: 86400, Grant: 86400, AccessToken: 3600, IdToken: 3600, Interaction: 3600 },
});

provider.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
