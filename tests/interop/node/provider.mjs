// An identity provider of npm's `oidc-provider`, on loopback over TLS. The test tells it who signs in,
// with what, in which groups, and when to change keys or to go away.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, request as ask } from "node:https";
import Provider from "oidc-provider";

const { PROVIDER_CERT, PROVIDER_KEY, PROVIDER_SECRET } = process.env;
const told = { groups: ["recruiters"], acr: "phr", amr: ["pwd", "hwk", "user"], sub: "00u1" };
let isDown = false;
// Where Ringwall is and whom to trust there, once it runs.
let ringwall = { url: "https://localhost", ca: PROVIDER_CERT };
let signing = key();

function key() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: randomUUID() };
}

function fetchByOurCa(url, { method, headers, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(new Headers(headers)),
      ca: readFileSync(ringwall.ca) };
    const sent = ask(url, options, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(new Response(null, { status: answer.statusCode })));
    });
    sent.on("error", reject);
    sent.end(body?.toString());
  });
}

function made() {
  const issuer = `https://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "ringwall",
      client_secret: PROVIDER_SECRET,
      redirect_uris: [`${ringwall.url}/staff/login/callback/idp`],
      post_logout_redirect_uris: [`${ringwall.url}/staff/sign-in`],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      backchannel_logout_uri: `${ringwall.url}/staff/login/logout/idp`,
      backchannel_logout_session_required: true,
    }],
    jwks: { keys: [signing] },
    cookies: { keys: [randomUUID()] },
    acrValues: ["phr", "2fa", "1fa"],
    claims: { openid: ["sub", "acr", "amr"], groups: ["groups"], email: ["email"] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId, groups: told.groups, email: "mara@acme.example" }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({
        accountId: oidc.session.accountId, clientId: oidc.client.clientId,
      });
      grant.addOIDCScope("openid groups email");
      await grant.save();
      return grant;
    },
    fetch: fetchByOurCa,
  });
  provider.on("server_error", (_, error) => console.error(error));
  return { provider, answer: provider.callback() };
}

async function control(path, body) {
  if (path === "/control/tell") Object.assign(told, JSON.parse(body));
  if (path === "/control/down") isDown = JSON.parse(body);
  if (path === "/control/begin") ringwall = JSON.parse(body);
  if (path === "/control/rotate") signing = key();
  if (["/control/begin", "/control/rotate"].includes(path)) ({ provider, answer } = made());
}

const options = { key: readFileSync(PROVIDER_KEY), cert: readFileSync(PROVIDER_CERT) };
let provider, answer;
const server = createServer(options, async (request, response) => {
  if (request.url.startsWith("/control/")) {
    let body = "";
    for await (const part of request) body += part;
    await control(request.url, body);
    return response.end();
  }
  if (isDown) {
    response.statusCode = 503;
    return response.end();
  }
  if (request.url.startsWith("/interaction/")) {
    const login = { accountId: told.sub, acr: told.acr, amr: told.amr };
    return provider.interactionFinished(request, response, { login });
  }
  return answer(request, response);
});
server.listen(0, "127.0.0.1", () => {
  ({ provider, answer } = made());
  console.log(`vouching at localhost:${server.address().port}`);
});
