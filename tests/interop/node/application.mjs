// An application on the same machine that asks people, as programs on their own devices do (RFC 8252 §7.3).
import { once } from "node:events";
import { createServer } from "node:http";
import * as client from "openid-client";
import { url } from "./ready.mjs";

export class Application {
  // What it was answered with, in order.
  answers = [];

  static async of({ client_id: id, client_secret: secret }, scope) {
    const it = new Application();
    const proof = client.ClientSecretBasic(secret);
    it.config = await client.discovery(url, id, undefined, proof, { algorithm: "oauth2" });
    it.scope = scope;
    it.server = createServer((request, response) => it.answer(request, response));
    it.server.listen(0, "127.0.0.1");
    await once(it.server, "listening");
    it.home = new URL(`http://127.0.0.1:${it.server.address().port}/`);
    await it.renew();
    return it;
  }

  // Another request.
  async renew() {
    this.verifier = client.randomPKCECodeVerifier();
    this.state = client.randomState();
    const code_challenge = await client.calculatePKCECodeChallenge(this.verifier);
    this.request = client.buildAuthorizationUrl(this.config, {
      redirect_uri: new URL("/callback", this.home).href, scope: this.scope, state: this.state,
      code_challenge, code_challenge_method: "S256",
    });
  }

  answer({ url: path }, response) {
    const page = (title, body) =>
      response.end(`<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}`);
    response.setHeader("content-type", "text/html; charset=utf-8");
    if (path.startsWith("/callback")) {
      this.answers.push(new URL(path, this.home));
      return page("Back", "");
    }
    // A form that somebody is tricked into sending to us.
    const stranger = `<form method="post" action="${url.origin}/staff/sign-out">
      <input type="hidden" name="form" value="${"0".repeat(64)}"><button>Win a prize</button></form>`;
    const link = this.request.href.replaceAll("&", "&amp;");
    return page("Careers", `<a href="${link}">Connect</a>${stranger}`);
  }

  // What the last answer is worth.
  redeem() {
    const checks = { pkceCodeVerifier: this.verifier, expectedState: this.state };
    return client.authorizationCodeGrant(this.config, this.answers.at(-1), checks);
  }

  async calls(token) {
    const target = new URL("/v1/jobs", url);
    const answer = await client.fetchProtectedResource(this.config, token, target, "GET");
    return answer.status;
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
