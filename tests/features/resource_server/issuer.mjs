// A real issuer for the resource server's tests: npm oidc-provider in memory, on a free loopback port. Reads one JSON
// line from standard input, {jwks, clients, resource}; prints its issuer URL when it answers. Clients whose id starts
// with "jwt" get JWT access tokens for the resource, all others opaque ones.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const line = await new Promise((resolve) => {
  createInterface({ input: process.stdin }).once('line', resolve);
});
const { jwks, clients, resource } = JSON.parse(line);

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  jwks,
  clients,
  cookies: { keys: ['a test needs no secret here'] },
  scopes: ['openid', 'notes', 'files'],
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, indicator, client) => ({
        audience: indicator,
        scope: 'notes files',
        accessTokenFormat: client.clientId.startsWith('jwt') ? 'jwt' : 'opaque',
        jwt: { sign: { alg: 'ES256' } },
      }),
      defaultResource: () => resource,
    },
  },
});
server.on('request', provider.callback());
console.log(issuer);
