// Chromium, and windows of it: what it complains of on any page is a fault, and so is what people with a
// screen reader, a small screen or a keyboard would stumble over.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { connect } from "node:tls";
import { chromium } from "playwright-core";
import { url } from "./ready.mjs";

const { CHROMIUM, PICTURES, RINGWALL_CA } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDE = { width: 1100, height: 900 };
// WCAG 2.2 §1.4.10: what fits into 320 pixels needs no scrolling in two directions.
const NARROW = { width: 320, height: 640 };

// The key of our certificate, which our authority vouches for.
async function pin() {
  const { hostname, port } = url;
  const socket = connect({ host: hostname, servername: hostname, port, ca: readFileSync(RINGWALL_CA) });
  await once(socket, "secureConnect");
  const spki = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
  socket.destroy();
  return createHash("sha256").update(spki).digest("base64");
}

// It believes this one certificate beside those of public authorities, and asks nobody anything.
export async function launched() {
  return chromium.launch({
    executablePath: CHROMIUM,
    // Its sandbox does not work for root.
    chromiumSandbox: process.getuid() !== 0,
    args: [
      `--ignore-certificate-errors-spki-list=${await pin()}`, "--disable-gpu", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

export class Window {
  faults = [];

  // With cookies of its own.
  static async open(browser, { script = true } = {}) {
    const it = new Window();
    it.context = await browser.newContext({ javaScriptEnabled: script, viewport: WIDE });
    await it.context.exposeBinding("violated", (_, told) => it.faults.push(told));
    await it.context.addInitScript(() => {
      const tell = ({ violatedDirective: rule, blockedURI, sample }) =>
        globalThis.violated(`${rule}: ${blockedURI} ${sample}`);
      document.addEventListener("securitypolicyviolation", tell);
    });
    it.page = await it.context.newPage();
    it.listen();
    return it;
  }

  listen() {
    const found = (text) => this.faults.push(`${this.page.url()}: ${text}`);
    this.page.on("pageerror", (error) => found(error));
    this.page.on("console", (message) => {
      // A page that tells of an error has the status of one.
      const isStatus = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isStatus) found(message.text());
    });
    this.page.on("response", (answer) => {
      const isPage = answer.request().isNavigationRequest();
      if (!isPage && answer.status() >= 400) found(`${answer.status()} ${answer.url()}`);
    });
  }

  go(path) {
    return this.page.goto(new URL(path, url).href);
  }

  // Follows a link or presses a button, until the next page is there.
  async press(name, role = "button") {
    const target = this.page.getByRole(role, { name, exact: true });
    await Promise.all([this.page.waitForEvent("load"), target.click()]);
  }

  fill(label, text) {
    return this.page.getByLabel(label, { exact: true }).fill(text);
  }

  heading() {
    return this.page.locator("h1").textContent();
  }

  text(selector = "main") {
    return this.page.locator(selector).innerText();
  }

  // Is the page of this heading, and nobody would stumble over it. Leaves two pictures of it.
  async sees(name, heading) {
    assert.equal(await this.heading(), heading);
    const told = await this.page.evaluate(structure);
    assert.deepEqual(told.unlabelled, []);
    assert.deepEqual({ lang: told.lang, headings: told.headings }, { lang: "en", headings: 1 });
    assert.match(told.title, / · Ringwall$/);
    // Where a passkey is asked for there is a script, and nowhere else.
    assert.equal(told.scripts, told.ceremonies);
    assert.deepEqual(this.faults, []);
    for (const [kind, viewport, colorScheme] of [["", WIDE, "light"], ["-narrow", NARROW, "dark"]]) {
      await this.page.setViewportSize(viewport);
      await this.page.emulateMedia({ colorScheme });
      const width = await this.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= viewport.width, `${name} is ${width} pixels wide`);
      await this.judge(name, viewport, colorScheme);
      await this.page.screenshot({ path: join(PICTURES, `${name}${kind}.png`), fullPage: true });
    }
    await this.page.setViewportSize(WIDE);
    assert.deepEqual(this.faults, []);
  }

  // By the rules of WCAG and good practice that a program can check. That is a script: it gets a copy.
  async judge(name, viewport, colorScheme) {
    this.copy ??= await this.context.browser().newPage();
    await this.copy.setViewportSize(viewport);
    await this.copy.emulateMedia({ colorScheme });
    const [target, body] = [this.page.url(), await this.page.content()];
    await this.copy.route(target, (route) => route.fulfill({ body, contentType: "text/html" }));
    await this.copy.goto(target);
    await this.copy.unroute(target);
    await this.copy.evaluate(AXE);
    const { violations } = await this.copy.evaluate(() => globalThis.axe.run());
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    assert.deepEqual(told, [], name);
  }

  // A device with passkeys that knows its owner.
  async device() {
    const session = await this.context.newCDPSession(this.page);
    await session.send("WebAuthn.enable");
    const options = {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
    const knows = (isUserVerified) =>
      session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    return { knows };
  }

  async close() {
    await this.copy?.close();
    await this.context.close();
  }
}

// Runs on the page.
function structure() {
  const inputs = document.querySelectorAll("input:not([type=hidden]):not([aria-hidden=true])");
  const unlabelled = [...inputs].filter(({ labels }) => !labels.length);
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: document.querySelectorAll("h1").length,
    unlabelled: unlabelled.map(({ outerHTML }) => outerHTML),
    scripts: document.scripts.length,
    ceremonies: document.querySelectorAll("[data-ceremony]").length,
  };
}
