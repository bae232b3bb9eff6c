// Codes that a person grants, with PKCE, plain and pushed, and refresh tokens: by both clients.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { decided, recruiter } from "./person.mjs";
import { partner, stranger, url } from "./ready.mjs";
import { ways } from "./ways.mjs";

const browser = await recruiter();
// The port is the program's, which listens when it starts (RFC 8252 §7.3).
const redirect_uri = "http://127.0.0.1:51004/callback";
const scope = "read:jobs read:candidates";
const target = new URL("/v1/jobs?limit=2", url);

function discover({ by, fetch }) {
  const options = { algorithm: "oauth2", [client.customFetch]: fetch };
  return client.discovery(url, partner.client_id, undefined, by(client), options);
}

async function asked(more = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const code_challenge = await client.calculatePKCECodeChallenge(verifier);
  const parameters = { redirect_uri, scope, state, code_challenge, code_challenge_method: "S256" };
  return { verifier, state, parameters: { ...parameters, ...more } };
}

for (const [method, way] of Object.entries(ways)) {
  test(`openid-client: a code and a refresh by ${method}`, async () => {
    const config = await discover(way);
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
  const config = await discover(ways.private_key_jwt);
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
  const config = await discover(ways.client_secret_basic);
  const { verifier, state, parameters } = await asked();
  const request = client.buildAuthorizationUrl(config, parameters);
  const answer = await decided(browser, request, "refuse");

  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  await assert.rejects(client.authorizationCodeGrant(config, answer, checks), {
    error: "access_denied",
  });
});

test("openid-client: an answer of another issuer is not believed", async () => {
  const config = await discover(ways.client_secret_basic);
  const { verifier, state, parameters } = await asked();
  const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));
  answer.searchParams.set("iss", "https://elsewhere.example");

  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  await assert.rejects(client.authorizationCodeGrant(config, answer, checks));
});

test("another client and another verifier get nothing for a code", async () => {
  const other = await client.discovery(url, stranger.client_id, undefined,
    client.ClientSecretBasic(stranger.client_secret), { algorithm: "oauth2" });
  const config = await discover(ways.client_secret_basic);
  for (const by of [other, config]) {
    const { state, parameters } = await asked();
    const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));
    const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: state };

    await assert.rejects(client.authorizationCodeGrant(by, answer, checks), {
      error: "invalid_grant",
    });
  }
});

for (const [method, { by, fetch: sent }] of Object.entries(ways)) {
  test(`oauth4webapi: a pushed request, a code, a refresh, and a code used twice by ${method}`, async () => {
    const options = { [oauth.customFetch]: sent };
    const found = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...options });
    const as = await oauth.processDiscoveryResponse(url, found);
    const me = { client_id: partner.client_id };
    const proof = by(oauth);
    const { verifier, state, parameters } = await asked({ response_type: "code" });
    const form = new URLSearchParams(parameters);
    const pushed = await oauth.pushedAuthorizationRequest(as, me, proof, form, options);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, me, pushed);
    const request = new URL(as.authorization_endpoint);
    request.search = new URLSearchParams({ client_id: me.client_id, request_uri }).toString();
    const answer = oauth.validateAuthResponse(as, me, await decided(browser, request), state);

    const redeem = async (by) => {
      const given = oauth.authorizationCodeGrantRequest(
        as, me, proof, answer, redirect_uri, by, options,
      );
      return oauth.processAuthorizationCodeResponse(as, me, await given);
    };
    const { refresh_token } = await redeem(verifier);
    const given = await oauth.refreshTokenGrantRequest(as, me, proof, refresh_token, options);
    const { access_token } = await oauth.processRefreshTokenResponse(as, me, given);
    const call = () => oauth.protectedResourceRequest(
      access_token, "GET", target, undefined, undefined, options,
    );
    assert.equal((await call()).status, 200);

    // The same request once more, at once, is a lost answer; another one for the same code is theft.
    await assert.rejects(redeem(verifier), { error: "invalid_grant" });
    assert.equal((await call()).status, 200);
    await assert.rejects(redeem(oauth.generateRandomCodeVerifier()), { error: "invalid_grant" });
    await assert.rejects(call(), { status: 401 });
  });
}

test("oauth4webapi: a person's token is a JWT access token of RFC 9068", async () => {
  const config = await discover(ways.client_secret_basic);
  const { verifier, state, parameters } = await asked();
  const answer = await decided(browser, client.buildAuthorizationUrl(config, parameters));
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const { access_token: token } = await client.authorizationCodeGrant(config, answer, checks);
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

  const carrying = new Request(target, { headers: { authorization: `Bearer ${token}` } });
  const valid = await oauth.validateJwtAccessToken(config.serverMetadata(), carrying, claims.aud);

  assert.match(valid.sub, /^usr_/);
});
