// Clients that prove themselves by a certificate, and tokens that are bound to it (RFC 8705).
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as client from "openid-client";
import { certificate, issued, named, register, registered, selfSigned,
  showing } from "./certificates.mjs";
import { founded } from "./operator.mjs";
import { partner, scope, url } from "./ready.mjs";

const own = selfSigned("own");
const other = selfSigned("other");
registered(partner.client_id, own);
const target = new URL("/v1/jobs?limit=2", url);

async function granted(certificate, id = partner.client_id, scopes = scope) {
  const fetch = showing(certificate);
  const algorithm = { algorithm: "oauth2", [client.customFetch]: fetch };
  const metadata = { use_mtls_endpoint_aliases: true };
  const config = await client.discovery(url, id, metadata, client.TlsClientAuth(), algorithm);
  return client.clientCredentialsGrant(config, { scope: scopes });
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

// RFC 8705 §2.1: of what the authority issued exactly one name is compared.
const { client_id: certified } = founded("certified");
const subject = "/C=PT/O=Certified Lda/CN=hr";
const names = "DNS:hr.certified.example,URI:urn:certified:hr,IP:192.0.2.7,email:hr@certified.example";
const theirs = issued(subject, names);
const rules = {
  "--subject-of": theirs.certFile,
  "--subject-dn": "CN=hr,O=Certified Lda,C=PT",
  "--san-dns": "hr.certified.example",
  "--san-uri": "urn:certified:hr",
  "--san-ip": "192.0.2.7",
  "--san-email": "hr@certified.example",
};
const strangers = [
  issued("/C=PT/O=Certified Lda/CN=it", "DNS:it.certified.example"),
  // The same names by nobody's word.
  certificate(subject, ...named(names)),
];
for (const [rule, value] of Object.entries(rules)) {
  test(`openid-client: a certificate of an authority by ${rule}`, async () => {
    register(certified, rule, value);
    for (const stranger of strangers) {
      await assert.rejects(granted(stranger, certified, "read:jobs"), { status: 401 });
    }

    const { access_token: token } = await granted(theirs, certified, "read:jobs");

    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await showing(theirs)(target, { headers })).status, 200);
    for (const stranger of strangers) {
      assert.equal((await showing(stranger)(target, { headers })).status, 401);
    }
  });
}
