// Somebody on the agency's staff with a browser: a jar for cookies, forms as the last page had them.
import assert from "node:assert/strict";
import { agency, staff, url } from "./ready.mjs";
import { STEP_MS, code, secretOf } from "./totp.mjs";

const PASSWORD = "tandem wicker plinth ode";

const plain = (text) => text.replaceAll("&amp;", "&").replaceAll("&#39;", "'");

export class Browser {
  jar = new Map();
  page = "";

  async ask(path, init = {}) {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { origin: url.origin, ...(cookie && { cookie }) };
    const answer = await fetch(new URL(path, url), { headers, redirect: "manual", ...init });
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(";");
      const [name, value] = pair.split("=");
      if (set.includes("Max-Age=0")) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    this.page = await answer.text();
    return answer;
  }

  async send(path, fields) {
    const [, form] = this.page.split(`<form method="post" action="${path}">`);
    assert.ok(form, `no form for ${path}: ${this.page}`);
    const hidden = /<input type="hidden" name="([^"]+)" value="([^"]*)">/g;
    const body = new URLSearchParams(fields);
    for (const [, name, value] of form.split("</form>")[0].matchAll(hidden)) {
      body.set(name, plain(value));
    }
    return this.ask(path, { method: "POST", body });
  }
}

// Somebody who enrols by the link that the server showed, and signs in.
export function recruiter() {
  const one = staff.find((person) => person.role === "recruiter");
  return enrolled({ agency, email: one.email, link: one.enrol_url });
}

// The same, of another agency.
export async function enrolled({ agency, email, link }) {
  const browser = new Browser();
  await browser.ask(new URL(link).pathname);
  const secret = secretOf(browser.page.split('<code class="key">')[1].split("</code>")[0]);
  const now = Date.now();
  const chosen = { password: PASSWORD, repeated: PASSWORD, code: code(secret, now) };
  assert.equal((await browser.send("/staff/enrol", chosen)).status, 200, browser.page);
  await browser.ask("/staff/sign-in");
  await browser.send("/staff/sign-in", { agency, email, password: PASSWORD });
  // Each code counts once; the next one is taken already.
  const next = { code: code(secret, now + STEP_MS) };
  const signedIn = await browser.send("/staff/sign-in/code", next);
  assert.equal(signedIn.status, 303, browser.page);
  return browser;
}

// Where the browser is sent after somebody decided on a request.
export async function decided(browser, request, decision = "allow") {
  const asked = await browser.ask(request);
  if (asked.status === 303) return new URL(asked.headers.get("location"));
  assert.equal(asked.status, 200, browser.page);
  assert.equal((await browser.ask("/oauth/consent")).status, 200, browser.page);
  const answer = await browser.send("/oauth/consent", { decision });
  assert.equal(answer.status, 303, browser.page);
  return new URL(answer.headers.get("location"));
}
