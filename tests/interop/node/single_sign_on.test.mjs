// People who sign in by `oidc-provider`'s word: with and without two factors, by their groups, while it
// changes keys, and while it is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./person.mjs";
import { url } from "./ready.mjs";

const provider = new URL(`https://${process.env.PROVIDER}`);
const control = (path, body) =>
  fetch(new URL(`/control/${path}`, provider), { method: "POST", body: JSON.stringify(body ?? null) });
await control("begin", { url: url.origin, ca: process.env.RINGWALL_CA });
const tell = (told) => control("tell", told);

// The provider's half of a browser.
class Elsewhere {
  jar = new Map();

  // Follows the provider's redirects until one leads back to us.
  async through(target) {
    for (let hops = 0; hops < 10; hops += 1) {
      if (target.origin === url.origin) return target;
      const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(target, { headers: { cookie }, redirect: "manual" });
      for (const set of answer.headers.getSetCookie()) {
        const [name, value] = set.split(";")[0].split("=");
        this.jar.set(name, value);
      }
      const location = answer.headers.get("location");
      assert.ok(location, `${target}: ${answer.status} ${await answer.text()}`);
      target = new URL(location, target);
    }
    throw new Error("too many hops");
  }
}

async function signIn(browser, elsewhere = new Elsewhere()) {
  const sent = await browser.ask("/staff/login");
  assert.equal(sent.status, 303, browser.page);
  const back = await elsewhere.through(new URL(sent.headers.get("location")));
  return browser.ask(`${back.pathname}${back.search}`);
}

const fine = { groups: ["recruiters"], acr: "phr", amr: ["pwd", "hwk", "user"], sub: "00u1" };
const status = async (browser) => (await browser.ask("/v1/candidates")).status;

test("somebody with two factors and a group gets in", async () => {
  await tell(fine);
  const browser = new Browser();

  assert.equal((await signIn(browser)).status, 200, browser.page);

  assert.equal(await status(browser), 200);
});

test("one group as a plain text is a group", async () => {
  await tell({ ...fine, groups: "recruiters" });
  const browser = new Browser();

  assert.equal((await signIn(browser)).status, 200, browser.page);
});

test("one factor, no group, and a group that nobody listed get nobody in", async () => {
  for (const told of [
    { ...fine, acr: "1fa", amr: ["pwd"] },
    { ...fine, acr: undefined, amr: undefined },
    { ...fine, groups: [] },
    { ...fine, groups: ["others"] },
  ]) {
    await tell({ acr: null, amr: null, ...told });
    const browser = new Browser();

    assert.equal((await signIn(browser)).status, 403, browser.page);

    assert.equal(await status(browser), 401);
  }
});

test("a group that was taken away between two sign-ins ends what it gave", async () => {
  await tell({ ...fine, sub: "00u2" });
  const before = new Browser();
  assert.equal((await signIn(before)).status, 200, before.page);
  assert.equal(await status(before), 200);
  await tell({ groups: [] });

  assert.equal((await signIn(new Browser())).status, 403);

  assert.equal(await status(before), 401);
});

test("signing out of the provider ends the session here", async () => {
  await tell({ ...fine, sub: "00u3" });
  const [browser, elsewhere] = [new Browser(), new Elsewhere()];
  assert.equal((await signIn(browser, elsewhere)).status, 200, browser.page);
  assert.equal(await status(browser), 200);
  const cookie = () => [...elsewhere.jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const page = await fetch(new URL("/session/end", provider), { headers: { cookie: cookie() } });
  for (const set of page.headers.getSetCookie()) {
    const [name, value] = set.split(";")[0].split("=");
    elsewhere.jar.set(name, value);
  }
  const xsrf = (await page.text()).match(/name="xsrf" value="([^"]+)"/)[1];

  const body = new URLSearchParams({ xsrf, logout: "yes" });
  const init = { method: "POST", body, headers: { cookie: cookie() }, redirect: "manual" };
  await fetch(new URL("/session/end/confirm", provider), init);

  assert.equal(await status(browser), 401);
});

test("sessions go on while the provider is away, and nobody gets in", async () => {
  await tell({ ...fine, sub: "00u4" });
  const browser = new Browser();
  assert.equal((await signIn(browser)).status, 200, browser.page);
  const waiting = new Browser();
  const sent = await waiting.ask("/staff/login");
  const back = await new Elsewhere().through(new URL(sent.headers.get("location")));
  await control("down", true);

  assert.equal(await status(browser), 200);
  assert.equal((await waiting.ask(`${back.pathname}${back.search}`)).status, 403);

  await control("down", false);
  assert.equal((await signIn(new Browser())).status, 200);
});

test("keys that the provider changed are asked for", async () => {
  await tell({ ...fine, sub: "00u5" });
  await control("rotate");

  // Keys are asked for at most every ten seconds, whoever comes.
  const until = Date.now() + 20_000;
  let answer;
  do {
    answer = await signIn(new Browser());
  } while (answer.status !== 200 && Date.now() < until);

  assert.equal(answer.status, 200);
});
