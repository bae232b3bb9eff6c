// Each way in which clients prove who they are, tokens bound to a key, and what becomes of tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { KID } from "./keys.mjs";
import { partner, scope, stranger, url } from "./ready.mjs";
import { ways } from "./ways.mjs";

const target = new URL("/v1/jobs?limit=2", url);

const discover = (proof, id = partner.client_id, by = fetch) =>
  client.discovery(url, id, undefined, proof, { algorithm: "oauth2", [client.customFetch]: by });

async function server() {
  const answer = await oauth.discoveryRequest(url, { algorithm: "oauth2" });
  return oauth.processDiscoveryResponse(url, answer);
}

for (const [method, { by, fetch }] of Object.entries(ways)) {
  test(`openid-client: client credentials by ${method}`, async () => {
    const config = await discover(by(client), partner.client_id, fetch);
    const tokens = await client.clientCredentialsGrant(config, { scope });

    const answer = await client.fetchProtectedResource(config, tokens.access_token, target, "GET");

    assert.equal(answer.status, 200);
  });

  test(`oauth4webapi: client credentials by ${method}`, async () => {
    const [as, me] = [await server(), { client_id: partner.client_id }];
    const [options, asked] = [{ [oauth.customFetch]: fetch }, new URLSearchParams({ scope })];
    const given = oauth.clientCredentialsGrantRequest(as, me, by(oauth), asked, options);
    const tokens = await oauth.processClientCredentialsResponse(as, me, await given);

    const answer = await oauth.protectedResourceRequest(
      tokens.access_token, "GET", target, undefined, undefined, options,
    );

    assert.equal(answer.status, 200);
  });
}

test("openid-client: a wrong secret in the form is refused", async () => {
  const wrong = await discover(client.ClientSecretPost("wrong"));

  await assert.rejects(client.clientCredentialsGrant(wrong, { scope }), { status: 401 });
});

test("openid-client: the assertion of a stranger's key is refused", async () => {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const config = await discover(client.PrivateKeyJwt({ key: pair.privateKey, kid: KID }));

  await assert.rejects(client.clientCredentialsGrant(config, { scope }), { status: 401 });
});

test("openid-client: a token bound by DPoP opens the API with proofs only", async () => {
  const config = await discover(client.ClientSecretBasic(partner.client_secret));
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const tokens = await client.clientCredentialsGrant(config, { scope }, { DPoP });
  assert.equal(tokens.token_type, "dpop");

  const fetched = () =>
    client.fetchProtectedResource(config, tokens.access_token, target, "GET", undefined,
      undefined, { DPoP });

  assert.equal((await fetched()).status, 200);
  assert.equal((await fetched()).status, 200);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await fetch(target, { headers })).status, 401);
});

test("openid-client: introspection and revocation", async () => {
  const config = await discover(client.ClientSecretBasic(partner.client_secret));
  const other = await discover(client.ClientSecretBasic(stranger.client_secret), stranger.client_id);
  const { access_token: token } = await client.clientCredentialsGrant(config, { scope });

  assert.equal((await client.tokenIntrospection(other, token)).active, false);
  assert.equal((await client.tokenIntrospection(config, token)).active, true);
  await client.tokenRevocation(other, token);
  assert.equal((await client.tokenIntrospection(config, token)).active, true);
  await client.tokenRevocation(config, token);
  assert.equal((await client.tokenIntrospection(config, token)).active, false);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(target, { headers })).status, 401);
});

test("oauth4webapi: a client assertion, a bound token, introspection and revocation", async () => {
  const [as, me] = [await server(), { client_id: partner.client_id }];
  const proof = ways.private_key_jwt.by(oauth);
  const DPoP = oauth.DPoP(me, await oauth.generateKeyPair("ES256"));
  const asked = new URLSearchParams({ scope });
  const answer = await oauth.clientCredentialsGrantRequest(as, me, proof, asked, { DPoP });
  const tokens = await oauth.processClientCredentialsResponse(as, me, answer);
  const token = tokens.access_token;

  const jobs = await oauth.protectedResourceRequest(token, "GET", target, undefined, undefined, {
    DPoP,
  });
  assert.equal(jobs.status, 200);
  const told = await oauth.introspectionRequest(as, me, proof, token);
  const worth = await oauth.processIntrospectionResponse(as, me, told);
  assert.equal(worth.active, true);
  assert.ok(worth.cnf.jkt);
  const revoked = await oauth.revocationRequest(as, me, proof, token);
  assert.equal(await oauth.processRevocationResponse(revoked), undefined);
});
