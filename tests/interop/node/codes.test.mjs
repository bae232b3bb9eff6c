// Codes that a person grants, with PKCE, plain and pushed, and refresh tokens: by both clients.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { KID, registered } from "./keys.mjs";
import { decided, recruiter } from "./person.mjs";
import { partner, stranger, url } from "./ready.mjs";

const browser = await recruiter();
const key = { key: await registered(partner.client_id), kid: KID };
// The port is the program's, which listens when it starts (RFC 8252 §7.3).
const redirect_uri = "http://127.0.0.1:51004/callback";
const scope = "read:jobs read:candidates";
const target = new URL("/v1/jobs?limit=2", url);

const proofs = {
  client_secret_basic: client.ClientSecretBasic(partner.client_secret),
  client_secret_post: client.ClientSecretPost(partner.client_secret),
  private_key_jwt: client.PrivateKeyJwt(key),
};

const discover = (proof) =>
  client.discovery(url, partner.client_id, undefined, proof, { algorithm: "oauth2" });

async function asked(more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const code_challenge = await client.calculatePKCECodeChallenge(verifier);
  const parameters = { redirect_uri, scope, state, code_challenge, code_challenge_method: "S256" };
  return { verifier, state, parameters: { ...parameters, ...more } };
}

for (const [method, proof] of Object.entries(proofs)) {
  test(`openid-client: a code and a refresh by ${method}`, async () => {
    const config = await discover(proof);
    const { verifier, state, parameters } = await asked();
    const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));

    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    const tokens = await client.authorizationCodeGrant(config, answer, checks);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);

    assert.equal(tokens.scope, "read:candidates read:jobs");
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    const jobs = await client.fetchProtectedResource(config, next.access_token, target, "GET");
    assert.equal(jobs.status, 200);
    await client.tokenRevocation(config, next.refresh_token);
    const gone = { error: "invalid_grant" };
    await assert.rejects(client.refreshTokenGrant(config, next.refresh_token), gone);
  });
}

test("openid-client: a pushed request, and tokens bound by DPoP", async () => {
  const config = await discover(proofs.private_key_jwt);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const { verifier, state, parameters } = await asked();
  const request = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  assert.deepEqual([...request.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const answer = await decided(browser, request);

  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const tokens = await client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP });
  const next = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });

  assert.equal(next.token_type, "dpop");
  const jobs = await client.fetchProtectedResource(config, next.access_token, target, "GET",
    undefined, undefined, { DPoP });
  assert.equal(jobs.status, 200);
  // Once decided, the reference is good for nothing.
  assert.equal((await browser.ask(request)).status, 400);
});

test("openid-client: what a person refuses is an error with issuer and state", async () => {
  const config = await discover(proofs.client_secret_basic);
  const { verifier, state, parameters } = await asked();
  const request = client.buildAuthorizationUrl(config, parameters);
  const answer = await decided(browser, request, "refuse");

  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  await assert.rejects(client.authorizationCodeGrant(config, answer, checks), {
    error: "access_denied",
  });
});

test("openid-client: an answer of another issuer is not believed", async () => {
  const config = await discover(proofs.client_secret_basic);
  const { verifier, state, parameters } = await asked();
  const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));
  answer.searchParams.set("iss", "https://elsewhere.example");

  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  await assert.rejects(client.authorizationCodeGrant(config, answer, checks));
});

test("another client and another verifier get nothing for a code", async () => {
  const other = await client.discovery(url, stranger.client_id, undefined,
    client.ClientSecretBasic(stranger.client_secret), { algorithm: "oauth2" });
  const config = await discover(proofs.client_secret_basic);
  for (const by of [other, config]) {
    const { state, parameters } = await asked();
    const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));
    const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: state };

    await assert.rejects(client.authorizationCodeGrant(by, answer, checks), {
      error: "invalid_grant",
    });
  }
});

test("oauth4webapi: a pushed request, a code, a refresh, and a code used twice", async () => {
  const found = await oauth.discoveryRequest(url, { algorithm: "oauth2" });
  const as = await oauth.processDiscoveryResponse(url, found);
  const me = { client_id: partner.client_id };
  const proof = oauth.ClientSecretBasic(partner.client_secret);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const code_challenge = await oauth.calculatePKCECodeChallenge(verifier);
  const parameters = new URLSearchParams({
    response_type: "code", redirect_uri, scope, state, code_challenge,
    code_challenge_method: "S256",
  });
  const pushed = await oauth.pushedAuthorizationRequest(as, me, proof, parameters);
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, me, pushed);
  const request = new URL(as.authorization_endpoint);
  request.search = new URLSearchParams({ client_id: me.client_id, request_uri }).toString();
  const answer = oauth.validateAuthResponse(as, me, await decided(browser, request), state);

  const redeem = async (with_verifier = verifier) => {
    const asked = oauth.authorizationCodeGrantRequest(
      as, me, proof, answer, redirect_uri, with_verifier,
    );
    return oauth.processAuthorizationCodeResponse(as, me, await asked);
  };
  const tokens = await redeem();
  const refreshed = await oauth.refreshTokenGrantRequest(as, me, proof, tokens.refresh_token);
  const next = await oauth.processRefreshTokenResponse(as, me, refreshed);
  const carrying = new Request(target, { headers: { authorization: `Bearer ${next.access_token}` } });
  const claims = JSON.parse(Buffer.from(next.access_token.split(".")[1], "base64url").toString());
  const valid = await oauth.validateJwtAccessToken(as, carrying, claims.aud);
  assert.match(valid.sub, /^usr_/);
  assert.equal((await fetch(carrying)).status, 200);

  // The same request once more, at once, is a lost answer; another one for the same code is theft.
  const headers = { authorization: `Bearer ${next.access_token}` };
  await assert.rejects(redeem(), { error: "invalid_grant" });
  assert.equal((await fetch(target, { headers })).status, 200);
  const other = oauth.generateRandomCodeVerifier();
  await assert.rejects(redeem(other), { error: "invalid_grant" });
  assert.equal((await fetch(target, { headers })).status, 401);
});
