// `oauth4webapi`: every message checked against its RFC, and the token itself against RFC 9068.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { partner, scope, url } from "./ready.mjs";

const client = { client_id: partner.client_id };

async function discover() {
  const answer = await oauth.discoveryRequest(url, { algorithm: "oauth2" });
  return oauth.processDiscoveryResponse(url, answer);
}

async function grant(server, secret) {
  const parameters = new URLSearchParams({ scope });
  const proof = oauth.ClientSecretBasic(secret);
  const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, parameters);
  return oauth.processClientCredentialsResponse(server, client, answer);
}

const carrying = (token) =>
  new Request(new URL("/v1/jobs", url), { headers: { authorization: `Bearer ${token}` } });

const audience = (token) => {
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  return [claims.aud].flat()[0];
};

test("a wrong secret is refused", async () => {
  const server = await discover();

  await assert.rejects(grant(server, "wrong"), { status: 401 });
});

test("a token with one letter changed proves nothing", async () => {
  const server = await discover();
  const { access_token: token } = await grant(server, partner.client_secret);
  const [header, payload, signature] = token.split(".");
  const letter = signature.startsWith("A") ? "B" : "A";
  const forged = [header, payload, letter + signature.slice(1)].join(".");

  await assert.rejects(oauth.validateJwtAccessToken(server, carrying(forged), audience(token)));
  assert.equal((await fetch(carrying(forged))).status, 401);
});

test("a token is for its audience only", async () => {
  const server = await discover();
  const { access_token: token } = await grant(server, partner.client_secret);

  await assert.rejects(
    oauth.validateJwtAccessToken(server, carrying(token), "https://elsewhere.example"),
  );
});

test("a token is a JWT access token of RFC 9068 under the published keys", async () => {
  const server = await discover();
  const { access_token: token } = await grant(server, partner.client_secret);

  const claims = await oauth.validateJwtAccessToken(server, carrying(token), audience(token));

  assert.equal(claims.client_id, partner.client_id);
  assert.ok(claims.exp - claims.iat <= 900);
});

test("a protected resource answers to the token", async () => {
  const server = await discover();
  const { access_token: token } = await grant(server, partner.client_secret);

  const answer = await oauth.protectedResourceRequest(token, "GET", new URL("/v1/jobs", url));

  assert.equal(answer.status, 200);
  assert.ok(Array.isArray((await answer.json()).data));
});
