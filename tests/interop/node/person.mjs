// Somebody on the agency's staff with a browser: a jar for cookies, forms as the last page had them.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { agency, staff, url } from "./ready.mjs";

const PASSWORD = "tandem wicker plinth ode";
const STEP_MS = 30_000;

// RFC 4648 §6.
function bytes(base32) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// RFC 6238 §4.
function code(secret, atMs) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / STEP_MS)));
  const hash = createHmac("sha1", secret).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

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
export async function recruiter() {
  const browser = new Browser();
  const one = staff.find((person) => person.role === "recruiter");
  await browser.ask(new URL(one.enrol_url).pathname);
  const key = browser.page.split('<code class="key">')[1].split("</code>")[0].replaceAll(" ", "");
  const secret = bytes(key);
  const now = Date.now();
  const enrolled = { password: PASSWORD, repeated: PASSWORD, code: code(secret, now) };
  assert.equal((await browser.send("/staff/enrol", enrolled)).status, 200);
  await browser.ask("/staff/sign-in");
  await browser.send("/staff/sign-in", { agency, email: one.email, password: PASSWORD });
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
