// A relying party that others wrote: npm openid-client 6, driven over JSON lines.
//
// First line in:   {"issuer", "client_id", "client_secret"?, "auth"?: "basic" | "post" | "none",
//                   "redirect_uri", "scope"?, "resource"?, "parameters"?, "post_logout_redirect_uri"?, "dpop"?, "service"?}
// First line out:  {"step": "authorize", "url", "state", "nonce"}
// Second line in:  {"callback": the URL that the browser was sent back to}
// Lines out:       code, userinfo, refresh, introspect, revoke, dead, end_session; each {"step", ...}
//
// With "flow": "device" there is no callback: the lines out begin with {"step": "device", "answer"}, and instead of code
// comes {"step": "approved", "tokens", "claims"} once a person approved.
//
// With "dpop": true every token is bound to a key (RFC 9449), and the code as well. With "service", a URL, it is asked
// with the access token, instead of userinfo: {"step": "service", "status", "body"}.
//
// A step that the provider does not offer says {"step", "skipped": true}. A failure is the last line,
// {"step": "error", "name", "code", "message", "cause"}, and exit status 1.
import { createInterface } from 'node:readline';
import * as client from 'openid-client';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const say = (step, values) => process.stdout.write(`${JSON.stringify({ step, ...values })}\n`);

function authentication({ auth, client_secret: secret }) {
  if (auth === 'none' || !secret) return client.None();
  return auth === 'post' ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}

async function discover(settings) {
  const issuer = new URL(settings.issuer);
  const loopback = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  const { client_id: id } = settings;
  const options = { execute: loopback };
  return client.discovery(issuer, id, undefined, authentication(settings), options);
}

async function binding(config, settings) {
  if (!settings.dpop) return {};
  return { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };
}

async function authorize(config, settings, { DPoP }) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirect_uri,
    scope: settings.scope ?? 'openid offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...(settings.resource && { resource: settings.resource }),
    ...(DPoP && { dpop_jkt: await DPoP.calculateThumbprint() }),
    ...settings.parameters,
  });
  say('authorize', { url: url.href, state: checks.expectedState, nonce: checks.expectedNonce });
  return checks;
}

async function redeem(config, checks, callback, extra, bound) {
  const url = new URL(callback);
  const tokens = await client.authorizationCodeGrant(config, url, checks, extra, bound);
  say('code', { tokens, claims: tokens.claims(), expires_in: tokens.expiresIn() });
  return tokens;
}

async function device(config, settings, bound) {
  const answer = await client.initiateDeviceAuthorization(config, { scope: settings.scope });
  say('device', { answer });
  const tokens = await client.pollDeviceAuthorizationGrant(config, answer, undefined, bound);
  say('approved', { tokens, claims: tokens.claims() });
  return tokens;
}

async function renew(config, tokens, extra, bound) {
  if (!tokens.refresh_token) {
    say('refresh', { skipped: true });
    return tokens;
  }
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, extra, bound);
  const rotated = Boolean(renewed.refresh_token) && renewed.refresh_token !== tokens.refresh_token;
  say('refresh', { tokens: renewed, claims: renewed.claims(), rotated });
  return { ...tokens, ...renewed };
}

// RFC 7662 §2.1: the endpoint asks for authorization, which a public client has none of.
async function introspect(config, settings, step, token) {
  const offered = config.serverMetadata().introspection_endpoint && settings.client_secret;
  if (!offered) return say(step, { skipped: true });
  return say(step, { answer: await client.tokenIntrospection(config, token) });
}

async function userinfo(config, { access_token: token }, subject, { resource, service }, bound) {
  if (service) return ask(config, token, service, bound);
  if (resource) return say('userinfo', { skipped: true });
  return say('userinfo', { claims: await client.fetchUserInfo(config, token, subject, bound) });
}

async function ask(config, token, service, bound) {
  const url = new URL(service);
  const answer = await client.fetchProtectedResource(config, token, url, 'GET', null, undefined, bound);
  say('service', { status: answer.status, body: await answer.json() });
}

async function signIn(config, settings, extra, bound) {
  const checks = await authorize(config, settings, bound);
  const { callback } = await read();
  return redeem(config, checks, callback, extra, bound);
}

async function run() {
  const settings = await read();
  const config = await discover(settings);
  const bound = await binding(config, settings);
  const extra = settings.resource ? { resource: settings.resource } : undefined;
  const first =
    settings.flow === 'device'
      ? await device(config, settings, bound)
      : await signIn(config, settings, extra, bound);
  await userinfo(config, first, first.claims().sub, settings, bound);
  const tokens = await renew(config, first, extra, bound);
  await introspect(config, settings, 'introspect', tokens.access_token);
  await client.tokenRevocation(config, tokens.access_token);
  say('revoke', { revoked: true });
  await introspect(config, settings, 'dead', tokens.access_token);
  const parameters = { id_token_hint: tokens.id_token };
  if (settings.post_logout_redirect_uri) {
    parameters.post_logout_redirect_uri = settings.post_logout_redirect_uri;
  }
  say('end_session', { url: client.buildEndSessionUrl(config, parameters).href });
}

try {
  await run();
} catch (error) {
  const { name, code, message, error: oauth, error_description: description } = error;
  const cause = oauth ?? error.cause?.message ?? String(error.cause ?? '');
  say('error', { name, code, message, cause, description });
  process.exitCode = 1;
} finally {
  process.stdin.destroy();
}
