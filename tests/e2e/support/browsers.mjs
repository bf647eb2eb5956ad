/**
 * Debian's Chromium and Firefox with fake devices, behind one small surface, so that a test reads the same for both.
 */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const fromClient = createRequire(fileURLToPath(new URL("../../../web/packages/client/package.json", import.meta.url)));
const { chromium } = fromClient("playwright-core");

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

/** Keeps every peer connection the page makes, for its statistics; the page's own code does not notice. */
const WATCH = `
  window.__connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) { super(...args); window.__connections.push(this); }
  };
`;

/** Opens a browser; every page stands for one person, with storage of its own where the browser can. */
export async function openBrowser(name) {
  return name === "firefox" ? openFirefox() : openChromium();
}

async function openChromium() {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--auto-select-desktop-capture-source=Entire screen",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  return {
    name: "chromium",
    async newPage() {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
      await context.addInitScript(WATCH);
      const page = await context.newPage();
      return {
        raw: page,
        goto: (url) => page.goto(url),
        evaluate: (...args) => page.evaluate(...args),
        press: (label) => page.getByRole("button", { name: label, exact: typeof label === "string" }).first().click({ timeout: 30_000 }),
        type: async (label, text) => page.getByRole("textbox", { name: label }).fill(text),
        enter: () => page.keyboard.press("Enter"),
        screenshot: (path) => page.screenshot({ path }),
        onConsole: (listen) => page.on("console", (message) => listen(message.text())),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

async function openFirefox() {
  // Imported late: it is large, and most runs need one browser only.
  const { default: puppeteer } = await import(fromClient.resolve("puppeteer-core"));
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "media.autoplay.default": 0,
      "intl.accept_languages": "en-GB",
    },
  });
  const aria = (label) => `::-p-aria([name="${label}"][role="button"])`;
  return {
    name: "firefox",
    async newPage() {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      await page.setViewport({ width: 1280, height: 800 });
      await page.evaluateOnNewDocument(WATCH);
      return {
        raw: page,
        goto: (url) => page.goto(url),
        evaluate: (...args) => page.evaluate(...args),
        press: (label) => pressInFirefox(page, label, aria),
        type: async (label, text) => {
          const field = await fieldInFirefox(page, label);
          await field.type(text);
        },
        enter: () => page.keyboard.press("Enter"),
        screenshot: (path) => page.screenshot({ path }),
        onConsole: (listen) => page.on("console", (message) => listen(message.text())),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

/** Names may be given as patterns, which the accessibility selector of WebDriver BiDi does not know. */
async function pressInFirefox(page, label, aria) {
  if (typeof label === "string") return (await page.waitForSelector(aria(label), { timeout: 30_000 })).click();
  const handle = await page.waitForFunction(
    (source) => [...document.querySelectorAll("button")].find((button) => new RegExp(source).test(button.textContent)),
    { timeout: 30_000 },
    label.source,
  );
  return handle.asElement().click();
}

/** A text field by the pattern of its accessible name, as its label, its aria-label or its placeholder gives it. */
async function fieldInFirefox(page, label) {
  const handle = await page.waitForFunction(
    (source, flags) => {
      const wanted = new RegExp(source, flags);
      return [...document.querySelectorAll("textarea, input")].find((field) =>
        [field.ariaLabel, field.placeholder, ...[...(field.labels ?? [])].map((one) => one.textContent)].some((name) => wanted.test(name ?? "")),
      );
    },
    { timeout: 30_000 },
    label.source,
    label.flags,
  );
  return handle.asElement();
}
