// Access tokens that npm's `oidc-provider` issues (RFC 9068, by resource indicators), to a server of this
// test's own that trusts it: taken, refused, and taken back.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer, request as ask } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import Provider from "oidc-provider";

const { PROVIDER_CERT, PROVIDER_KEY, RINGWALL_BINARY } = process.env;
const API = "https://api.example";
const scope = "read:jobs write:jobs";

const server = createServer({ key: readFileSync(PROVIDER_KEY), cert: readFileSync(PROVIDER_CERT) });
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `https://localhost:${server.address().port}`;

function key() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: randomUUID() };
}

const client = (client_id) => ({
  client_id, client_secret: "s", scope, redirect_uris: [], response_types: [],
  grant_types: ["client_credentials"],
});
let answer;
function begin() {
  const provider = new Provider(issuer, {
    clients: [client("app-1"), client("app-2")],
    scopes: scope.split(" "),
    jwks: { keys: [key()] },
    cookies: { keys: [randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({
          audience, scope, accessTokenTTL: 600, accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  answer = provider.callback();
}
begin();
server.on("request", (request, response) => answer(request, response));

async function token({ id = "app-1", resource = API, scope = "read:jobs" } = {}) {
  const authorization = `Basic ${Buffer.from(`${id}:s`).toString("base64")}`;
  const body = new URLSearchParams({ grant_type: "client_credentials", resource, scope });
  const answer = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization }, body });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).access_token;
}

const folder = mkdtempSync(join(tmpdir(), "ringwall-issuers-"));
const env = {
  RINGWALL__SERVER__DATA_DIR: join(folder, "data"),
  RINGWALL__LIMITS__EXEMPT: '["127.0.0.0/8", "::1"]',
  RINGWALL__BANS__MODE: "off",
  RINGWALL__GATE__QUEUE_DELAY_TARGET_MS: "0",
};
const words = ["admin", "bootstrap", "--tenant-name", "A", "--tenant-slug", "acme", "--json"];
const shown = JSON.parse(execFileSync(RINGWALL_BINARY, [...words, "--partner-name", "B"], { env }));
env.RINGWALL__IDENTITY__TRUSTED_ISSUERS_CA_FILE = PROVIDER_CERT;
env.RINGWALL__IDENTITY__TRUSTED_ISSUERS = `[{ name = "idp", kind = "rfc9068", issuer = "${issuer}",
  audiences = ["${API}"], tenant = "${shown.tenant_id}",
  clients = [{ id = "app-1", roles = ["partner"], scopes = ["read:jobs"] }] }]`;
const readyFile = join(folder, "ready.json");
const listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
const child = spawn(RINGWALL_BINARY, ["serve", ...listen, "--ready-file", readyFile], {
  env, stdio: ["ignore", "ignore", "inherit"],
});
after(() => {
  child.kill();
  server.close();
  server.closeAllConnections();
});
while (!existsSync(readyFile)) {
  assert.equal(child.exitCode, null);
  await pause(20);
}
const ready = JSON.parse(readFileSync(readyFile, "utf8"));
const ca = readFileSync(ready.ca_file);

function status(bearer, { path = "/v1/jobs", method = "GET" } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${bearer}` };
    const sent = ask(new URL(path, ready.url), { ca, headers, method }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("a token for another API, of another application or of nobody is refused", async () => {
  assert.equal(await status(await token({ resource: "https://other.example" })), 401);
  assert.equal(await status(await token({ id: "app-2" })), 401);
  const [head, payload, signature] = (await token()).split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none", typ: "at+jwt" })).toString("base64url");
  assert.equal(await status(`${none}.${payload}.`), 401);
  assert.equal(await status(`${head}.${payload}.${"A" + signature.slice(1)}`), 401);
});

test("a token may what the provider granted and the table lists", async () => {
  assert.equal(await status(await token()), 200);
  assert.equal(await status(await token({ scope: "write:jobs" })), 401);
  const both = await token({ scope: "read:jobs write:jobs" });
  assert.equal(await status(both), 200);
  assert.equal(await status(both, { path: "/v1/candidates" }), 403);
});

test("keys that the provider changed are asked for", async () => {
  begin();

  // At most every ten seconds, whoever comes.
  const until = Date.now() + 20_000;
  let found;
  do {
    found = await status(await token());
  } while (found !== 200 && Date.now() < until);

  assert.equal(found, 200);
});

test("what an application has is taken back", async () => {
  const taken = await token();
  assert.equal(await status(taken), 200);

  execFileSync(RINGWALL_BINARY, ["admin", "revoke", "--client", "idp:app-1"], { env });

  const until = Date.now() + 10_000;
  while ((await status(taken)) !== 401) assert.ok(Date.now() < until, "it is still taken");
});
