// A client that is held to FAPI 2.0: it pushes its requests, proves itself by key or certificate, and what
// it gets is bound to the one or the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";
import { issued, register, showing } from "./certificates.mjs";
import { KID, registered } from "./keys.mjs";
import { founded, invited } from "./operator.mjs";
import { decided, enrolled } from "./person.mjs";
import { url } from "./ready.mjs";

const agency = "strict";
const { client_id: id, client_secret: secret } = founded(agency);
const key = { key: await registered(id, "--fapi2"), kid: KID };
const certificate = issued("/CN=strict", "DNS:ats.strict.example");
register(id, "--san-dns", "ats.strict.example");
const email = "rui@strict.example";
const person = await enrolled({ agency, email, link: invited(agency, email, "Rui Tavares") });

const redirect_uri = "http://127.0.0.1:51006/callback";
const scope = "read:jobs";
const target = new URL("/v1/jobs?limit=2", url);
const handle = async (config) => client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const kinds = {
  "an assertion and DPoP": { proof: client.PrivateKeyJwt(key), fetch, bind: handle },
  "a certificate": { proof: client.TlsClientAuth(), fetch: showing(certificate), bind: () => undefined },
};

const discover = (proof, by = fetch) =>
  client.discovery(url, id, undefined, proof, { algorithm: "oauth2", [client.customFetch]: by });

async function asked() {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const code_challenge = await client.calculatePKCECodeChallenge(verifier);
  const parameters = { redirect_uri, scope, state, code_challenge, code_challenge_method: "S256" };
  return { parameters, checks: { pkceCodeVerifier: verifier, expectedState: state } };
}

for (const [kind, { proof, fetch: by, bind }] of Object.entries(kinds)) {
  test(`a pushed request, a code, a refresh and client credentials by ${kind}`, async () => {
    const config = await discover(proof, by);
    const DPoP = await bind(config);
    const { parameters, checks } = await asked();
    const request = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    const answer = await decided(person, request);

    const given = await client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP });
    const next = await client.refreshTokenGrant(config, given.refresh_token, undefined, { DPoP });
    const own = await client.clientCredentialsGrant(config, { scope }, { DPoP });

    for (const { access_token: token } of [given, next, own]) {
      const jobs = await client.fetchProtectedResource(config, token, target, "GET", undefined,
        undefined, { DPoP });
      assert.equal(jobs.status, 200);
      const headers = { authorization: `Bearer ${token}` };
      assert.equal((await fetch(target, { headers })).status, 401);
    }
  });

  test(`a code is for whom ${kind} asked for it`, async () => {
    const config = await discover(proof, by);
    const { parameters, checks } = await asked();
    const first = { DPoP: await bind(config) };
    const request = await client.buildAuthorizationUrlWithPAR(config, parameters, first);
    const answer = await decided(person, request);
    // Of whoever stole the code and not the key.
    const wrong = await discover(client.ClientSecretBasic(secret));
    const other = first.DPoP ? config : wrong;
    const more = { DPoP: await bind(config) };

    const redeemed = client.authorizationCodeGrant(other, answer, checks, undefined, more);

    await assert.rejects(redeemed, first.DPoP ? { error: "invalid_grant" } : { status: 401 });
  });
}

test("its secret proves nothing", async () => {
  for (const proof of [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]) {
    const config = await discover(proof);

    await assert.rejects(client.clientCredentialsGrant(config, { scope }), { status: 401 });
  }
});

test("it gets no token that is bound to nothing", async () => {
  const config = await discover(client.PrivateKeyJwt(key));

  const unbound = { error: "invalid_dpop_proof" };
  await assert.rejects(client.clientCredentialsGrant(config, { scope }), unbound);
});

test("a request that it did not push is refused", async () => {
  const config = await discover(client.PrivateKeyJwt(key));
  const { parameters, checks } = await asked();

  const answer = await decided(person, client.buildAuthorizationUrl(config, parameters));

  const refused = { error: "invalid_request" };
  await assert.rejects(client.authorizationCodeGrant(config, answer, checks), refused);
});
