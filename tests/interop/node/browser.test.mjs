// The pages in Chromium: enrolling, signing in, proving it again, deciding, sessions, errors; without any
// script but where a passkey is asked for.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import { after, before, test } from "node:test";
import { Application } from "./application.mjs";
import { selfSigned } from "./certificates.mjs";
import { Window, launched } from "./chromium.mjs";
import { founded, invited } from "./operator.mjs";
import { url } from "./ready.mjs";
import { STEP_MS, code, secretOf } from "./totp.mjs";

const PASSWORD = "tandem wicker plinth ode";
const agency = "harbour";
const admin = "ada@harbour.example";
const application = founded(agency, "--admin-email", admin, "--admin-name", "Ada Moreira");

let browser;
before(async () => { browser = await launched(); });
after(() => browser?.close());
const plainly = () => Window.open(browser, { script: false });
const path = (link) => new URL(link).pathname;
const newcomer = (name) => {
  const email = `${name.toLowerCase()}@harbour.example`;
  return { email, link: path(invited(agency, email, name)) };
};

// Somebody with a password and an app, and codes for when they have lost it.
async function enrol(window, { email, link }) {
  await window.go(link);
  const secret = secretOf(await window.page.locator("code.key").textContent());
  const now = Date.now();
  await window.fill("Password", PASSWORD);
  await window.fill("Password again", PASSWORD);
  await window.fill("Code that the app shows", code(secret, now));
  await window.press("Finish");
  const codes = await window.page.locator(".codes code").allTextContents();
  return { email, codes, next: code(secret, now + STEP_MS) };
}

async function signIn(window, { email, codes }) {
  await window.go("/staff/sign-in");
  await typed(window, email, codes.pop());
}

async function typed(window, email, code) {
  await window.fill("Agency", agency);
  await window.fill("E-mail address", email);
  await window.fill("Password", PASSWORD);
  await window.press("Continue");
  await window.fill("Code", code);
  await window.press("Sign in");
}

async function somebody(name) {
  const window = await plainly();
  const person = await enrol(window, newcomer(name));
  await signIn(window, person);
  return { window, person };
}

test("a complaint of the browser is a fault, and so is what people stumble over", async () => {
  const window = await Window.open(browser);
  await window.go("/staff/sign-in");
  await window.page.evaluate(() => { document.querySelector("h1").style.color = "#eee"; });
  await assert.rejects(window.sees("fault", "Sign in"), /color-contrast/);
  await window.go("/staff/sign-in");
  await window.page.evaluate(() => { document.querySelector("label").remove(); });
  await assert.rejects(window.sees("fault", "Sign in"), /agency/);
  await window.go("/staff/sign-in");

  await window.page.evaluate(() => document.head.append(document.createElement("style")));
  await window.page.evaluate(() => { document.querySelector("style").textContent = "p { top: 0 }"; });

  await assert.rejects(window.sees("fault", "Sign in"), /style-src/);
  await window.close();
});

test("a certificate of nobody is not believed", async (t) => {
  const server = createServer(selfSigned("localhost"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const window = await Window.open(browser);

  const opened = window.page.goto(`https://localhost:${server.address().port}/`);

  await assert.rejects(opened, /ERR_CERT_AUTHORITY_INVALID/);
  await window.close();
});

test("the first administrator enrols by a link that is good once, and signs in by keyboard", async () => {
  const window = await plainly();
  const link = path(application.enrol_url);
  await window.go(link);
  await window.sees("enrol", "Set up your sign-in");
  await window.fill("Password", PASSWORD);
  await window.fill("Password again", `${PASSWORD}s`);
  await window.fill("Code that the app shows", "000000");
  await window.press("Finish");
  await window.sees("enrol-refused", "Set up your sign-in");
  assert.equal(await window.page.locator(":focus").getAttribute("role"), "alert");

  const person = await enrol(window, { email: admin, link });
  await window.sees("recovery-codes", "Your recovery codes");
  await window.press("Go to sign in", "link");
  await window.sees("sign-in", "Sign in");
  const { keyboard } = window.page;
  const type = async (...texts) => {
    for (const [index, text] of texts.entries()) {
      if (index) await keyboard.press("Tab");
      await keyboard.type(text);
    }
    await Promise.all([window.page.waitForEvent("load"), keyboard.press("Enter")]);
  };
  await type(agency, admin, "guessed");
  await window.sees("sign-in-refused", "Sign in");
  assert.equal(await window.page.locator(":focus").getAttribute("role"), "alert");
  // From what is told to the first field.
  await keyboard.press("Tab");
  await type(agency, admin, PASSWORD);
  await window.sees("code", "Your code");
  await type("123456");
  await window.sees("code-refused", "Your code");
  await keyboard.press("Tab");
  await type(person.next);
  await window.sees("account", "You are signed in");
  assert.match(await window.text(), /Ada Moreira[^]*system admin/);

  await window.press("Prove again who you are", "link");
  await window.sees("step-up", "Prove again who you are");
  await window.fill("Code", person.codes.pop());
  await window.press("Prove it");
  assert.equal(await window.heading(), "You are signed in");
  // A code is no passkey: the door to what takes one says so.
  await window.go(link);
  await window.sees("link-over", "This link is not good any more");
  await window.close();
});

test("who is asked signs in first, allows, refuses and takes it back", async (t) => {
  const careers = await Application.of(application, "read:jobs read:candidates");
  t.after(() => careers.close());
  const [window, { email, link }] = [await plainly(), newcomer("Rui")];
  const { codes } = await enrol(window, { email, link });
  const asks = async () => {
    await window.page.goto(careers.home.href);
    await window.press("Connect", "link");
    // Our page leads on by itself.
    await window.page.waitForURL("**/oauth/consent");
  };

  await asks();
  await window.sees("signed-out", "Please sign in");
  await window.press("Sign in", "link");
  await typed(window, email, codes.pop());
  await window.sees("consent", "May harbour careers act for you?");
  assert.match(await window.text(), /rui@harbour\.example/);
  await window.press("Allow");

  assert.equal(await window.heading(), "Back");
  const { access_token: token } = await careers.redeem();
  assert.equal(await careers.calls(token), 200);

  await careers.renew();
  await asks();
  await window.press("Do not allow");
  assert.equal(await window.heading(), "Back");
  await assert.rejects(careers.redeem(), { error: "access_denied" });

  await window.go("/staff/applications");
  await window.sees("applications", "Applications that act for you");
  await window.press("Take back");
  await window.sees("applications-none", "Applications that act for you");
  await assert.rejects(careers.calls(token), { status: 401 });
  await window.go("/oauth/consent");
  await window.sees("nothing-asked", "There is nothing to decide");
  await window.press("Your account", "link");
  assert.equal(await window.heading(), "You are signed in");
  await window.close();
});

test("an application that nobody registered sends nobody anywhere", async () => {
  const window = await plainly();

  await window.go("/oauth/authorize?client_id=pc_nobodyatall00000&redirect_uri=https://evil.example/");

  await window.sees("unproven", "This link is not good");
  await window.close();
});

test("sessions are shown and end, here and everywhere", async () => {
  const { window, person } = await somebody("Bea");
  const other = await plainly();
  await signIn(other, person);
  await other.sees("sessions", "You are signed in");
  assert.equal(await other.page.locator(".sessions li").count(), 2);
  assert.equal(await other.page.locator(".mark").count(), 1);

  await window.press("Sign out");
  await window.sees("signed-out-here", "Sign in");
  await window.go("/staff");
  assert.equal(await window.heading(), "Please sign in");
  await other.page.reload();
  assert.equal(await other.page.locator(".sessions li").count(), 1);

  await signIn(window, person);
  await other.press("Sign out everywhere");
  assert.equal(await other.heading(), "Sign in");
  await window.go("/staff");
  assert.equal(await window.heading(), "Please sign in");
  await window.close();
  await other.close();
});

test("what another site has somebody send changes nothing", async (t) => {
  const { window } = await somebody("Ivo");
  const careers = await Application.of(application, "read:jobs");
  t.after(() => careers.close());
  await window.page.goto(careers.home.href);

  await window.press("Win a prize");

  assert.notEqual(await window.heading(), "Sign in");
  await window.go("/staff");
  assert.equal(await window.heading(), "You are signed in");
  await window.close();
});

test("a passkey enrols, signs in, proves it again, is added and removed", async () => {
  const window = await Window.open(browser);
  const owner = "pia@quay.example";
  const { enrol_url } = founded("quay", "--admin-email", owner, "--admin-name", "Pia Lobo");
  const device = await window.device();
  await window.go(path(enrol_url));
  await window.sees("enrol-passkey", "Set up your sign-in");
  await device.knows(false);
  await window.page.getByRole("button", { name: "Use a passkey" }).click();
  const status = window.page.getByRole("status");
  await status.getByText("Nothing was chosen").waitFor();
  await window.sees("enrol-passkey-not-chosen", "Set up your sign-in");
  await device.knows(true);
  await window.press("Use a passkey");
  await window.sees("passkey-ready", "Your passkey is ready");

  await window.press("Go to sign in", "link");
  await window.sees("sign-in-passkey", "Sign in");
  await window.press("Sign in with a passkey");
  await window.sees("account-passkey", "You are signed in");
  assert.match(await window.text(".sessions"), /last proven by a passkey/);
  await window.press("Prove again who you are", "link");
  await window.sees("step-up-passkey", "Prove again who you are");
  await window.press("Prove it with a passkey");
  assert.equal(await window.heading(), "You are signed in");
  // What administers is open to it.
  assert.equal((await window.page.request.get(new URL("/v1/staff", url).href)).status(), 200);

  await window.press("Your passkeys", "link");
  await window.sees("passkeys", "Your passkeys");
  await window.page.getByRole("button", { name: "Add a passkey" }).click();
  await status.getByText("has a passkey for this account already").waitFor();
  await window.press("Remove");
  await window.sees("last-passkey", "You cannot do without this passkey");
  await window.close();
});

test("without a script a page says what it lacks", async () => {
  const window = await plainly();

  await window.go("/staff/sign-in");

  assert.match(await window.text(), /Passkeys need JavaScript/);
  await window.close();
});
