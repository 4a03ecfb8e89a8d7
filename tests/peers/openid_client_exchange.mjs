// A service that others wrote, which exchanges the token it got (RFC 8693): npm openid-client 6.
//
// In:  one line of JSON: {"issuer", "client_id", "client_secret", "subject_token", "parameters"}
// Out: one line: {"tokens", "told"}: the answer, and what introspection says of the subject's token afterwards;
//      or {"error", "description"} where the provider refused.
import { createInterface } from 'node:readline';
import * as client from 'openid-client';

const TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (values) => process.stdout.write(`${JSON.stringify(values)}\n`);

const settings = JSON.parse((await lines.next()).value);
const issuer = new URL(settings.issuer);
const options = { execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [] };
const proof = client.ClientSecretBasic(settings.client_secret);
const config = await client.discovery(issuer, settings.client_id, undefined, proof, options);
try {
  const tokens = await client.genericGrantRequest(
    config,
    'urn:ietf:params:oauth:grant-type:token-exchange',
    { subject_token: settings.subject_token, subject_token_type: TYPE, ...settings.parameters },
  );
  say({ tokens, told: await client.tokenIntrospection(config, settings.subject_token) });
} catch (error) {
  say({ error: error.error ?? String(error), description: error.error_description });
}
process.stdin.destroy();
