// `openid-client`: discovery by RFC 8414, client credentials, a call, and what must be refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "openid-client";
import { partner, scope, stranger, url } from "./ready.mjs";

const discover = (secret) =>
  client.discovery(url, partner.client_id, undefined, client.ClientSecretBasic(secret), {
    algorithm: "oauth2",
  });

// RFC 6749 §5.2: a client that used the Authorization header is told 401, with a challenge.
const isChallenge = (error) => {
  assert.equal(error.status, 401);
  assert.equal(error.cause[0].scheme, "basic");
  return true;
};

test("a wrong secret is refused", async () => {
  const config = await discover(`${partner.client_secret}x`);

  await assert.rejects(client.clientCredentialsGrant(config, { scope }), isChallenge);
});

test("another partner's secret is refused", async () => {
  const config = await discover(stranger.client_secret);

  await assert.rejects(client.clientCredentialsGrant(config, { scope }), isChallenge);
});

test("an unknown scope is refused", async () => {
  const config = await discover(partner.client_secret);

  await assert.rejects(client.clientCredentialsGrant(config, { scope: "no:such:scope" }), {
    error: "invalid_scope",
    status: 400,
  });
});

test("a call without a token is challenged", async () => {
  const answer = await fetch(new URL("/v1/candidates", url));

  assert.equal(answer.status, 401);
  assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
});

test("a token from discovery opens the API", async () => {
  const config = await discover(partner.client_secret);
  const tokens = await client.clientCredentialsGrant(config, { scope });
  assert.equal(tokens.token_type, "bearer");
  assert.ok(tokens.expiresIn() > 0);

  const answer = await client.fetchProtectedResource(
    config,
    tokens.access_token,
    new URL("/v1/jobs?limit=2", url),
    "GET",
  );

  assert.equal(answer.status, 200);
  const page = await answer.json();
  assert.equal(page.data.length, 2);
  assert.ok(page.data.every((job) => job.id.startsWith("job_")));
});
