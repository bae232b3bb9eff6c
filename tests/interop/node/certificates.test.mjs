// Clients that prove themselves by a certificate, and tokens that are bound to it (RFC 8705).
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { registered, selfSigned, showing } from "./certificates.mjs";
import { partner, scope, url } from "./ready.mjs";

const own = selfSigned("own");
const other = selfSigned("other");
registered(partner.client_id, own);
const target = new URL("/v1/jobs?limit=2", url);

async function granted(certificate) {
  const fetch = showing(certificate);
  const algorithm = { algorithm: "oauth2", [client.customFetch]: fetch };
  const metadata = { use_mtls_endpoint_aliases: true };
  const id = partner.client_id;
  const config = await client.discovery(url, id, metadata, client.TlsClientAuth(), algorithm);
  return client.clientCredentialsGrant(config, { scope });
}

test("openid-client: another certificate, and none, prove nothing", async () => {
  await assert.rejects(granted(other), { status: 401 });
  const algorithm = { algorithm: "oauth2" };
  const id = partner.client_id;
  const config = await client.discovery(url, id, undefined, client.TlsClientAuth(), algorithm);
  await assert.rejects(client.clientCredentialsGrant(config, { scope }), { status: 401 });
});

test("openid-client: a token is good over connections with its certificate only", async () => {
  const { access_token: token, token_type: type } = await granted(own);
  const headers = { authorization: `Bearer ${token}` };

  assert.equal(type, "bearer");
  assert.equal((await showing(own)(target, { headers })).status, 200);
  assert.equal((await showing(other)(target, { headers })).status, 401);
  assert.equal((await fetch(target, { headers })).status, 401);
});

test("oauth4webapi: the token names the certificate", async () => {
  const answer = await oauth.discoveryRequest(url, { algorithm: "oauth2" });
  const server = await oauth.processDiscoveryResponse(url, answer);
  const known = { client_id: partner.client_id };
  const options = { [oauth.customFetch]: showing(own) };
  const parameters = new URLSearchParams({ scope });
  const proof = oauth.TlsClientAuth();

  const given = await oauth.clientCredentialsGrantRequest(server, known, proof, parameters, options);

  const { access_token: token } = await oauth.processClientCredentialsResponse(server, known, given);
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  assert.deepEqual(Object.keys(claims.cnf), ["x5t#S256"]);
  assert.equal(server.tls_client_certificate_bound_access_tokens, true);
});
