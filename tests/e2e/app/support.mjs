/**
 * What the app's browser tests share: the app built on its SDK double, a small server with the
 * product's content security policy and made-up answers for `/api`, and Debian's Chromium.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("../../../web/", import.meta.url));
const fromWeb = createRequire(join(WEB, "package.json"));
const { chromium } = fromWeb("playwright-core");
export const { AxeBuilder } = fromWeb("@axe-core/playwright");

/** The strictest policy the app must live under; the node sends one at least as wide as this. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const CONFIG = {
  product: "Entente",
  version: "0.1.0",
  development: true,
  deployment: "fr",
  tenants: [
    { id: "interieur", name: "Ministère de l’Intérieur", short: "Intérieur", colour: "#2a4fa3" },
    { id: "finances", name: "Ministère des Finances", short: "Finances", colour: "#7a4a12" },
  ],
  login: {
    development: {
      people: [
        { tenant: "interieur", subject: "s1", name: "Claire Fontaine", title: "Directrice de cabinet" },
        { tenant: "interieur", subject: "s2", name: "Marc Lefort", title: "Chef de bureau" },
        { tenant: "interieur", subject: "s3", name: "Aïcha Benali", title: "Juriste" },
        { tenant: "finances", subject: "s4", name: "Anna Smit", title: "Sous-directrice du budget" },
        { tenant: "finances", subject: "s5", name: "Théo Roux", title: "Conseiller" },
      ],
    },
  },
  languages: ["fr", "de", "nl", "en"],
};

const OWN_ROOMS = ["Budget 2027", "Point hebdomadaire du cabinet", "Jour fixe"].map((title, at) => ({
  slug: `room-${at}`,
  title,
  path: `/m/room-${at}#c2VjcmV0`,
  access: "trusted",
}));

/** Builds the app on its double once; returns the folder and a way to remove it. */
export function buildHarness() {
  const folder = mkdtempSync(join(tmpdir(), "entente-app-"));
  const vite = join(WEB, "node_modules/vite/bin/vite.js");
  const app = join(WEB, "packages/app");
  const config = join(app, "tests/harness/vite.config.ts");
  execFileSync(process.execPath, [vite, "build", "-c", config, "--outDir", folder, "--logLevel", "warn"], { cwd: app, stdio: "inherit" });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Serves a folder and the made-up `/api` on a free loopback port. */
export async function serve(folder, overrides = {}) {
  const answers = {
    "GET /api/config": [200, CONFIG],
    "GET /api/me": [200, { person: null }],
    "GET /api/login/providers": [200, { providers: [] }],
    "POST /api/login/development": [200, { session: "made-up", person: { tenant: "interieur", subject: "s1", name: "Claire Fontaine" } }],
    "POST /api/rooms": [200, { slug: "budget-2027", title: "Budget 2027", path: "/m/budget-2027#c2VjcmV0" }],
    "GET /api/rooms": [200, { rooms: OWN_ROOMS, next: null }],
    "GET /api/rooms/budget-2027": [200, { slug: "budget-2027", title: "Budget 2027", people: 2, guests: true, pin: false, tenant: "interieur", admission: "direct" }],
    "GET /api/rooms/closed-door": [200, { slug: "closed-door", title: "Budget 2027", people: 2, guests: true, pin: true, tenant: "interieur", admission: "lobby" }],
    ...overrides,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    response.setHeader("Content-Security-Policy", POLICY);
    if (path.startsWith("/api/")) {
      const [status, body] = answers[`${request.method} ${path}`] ?? [404, { code: "room_unknown" }];
      response.writeHead(status, { "Content-Type": "application/json" });
      return response.end(JSON.stringify(body));
    }
    const file = extname(path) ? normalize(path) : "/index.html";
    try {
      const bytes = readFileSync(join(folder, file));
      response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return { origin: `http://localhost:${port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--auto-select-desktop-capture-source=Entire screen",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A page that records what must not happen: console errors, policy violations, requests elsewhere.
 * `page.complaints()` lists them.
 */
export async function openPage(browser, origin, options = {}) {
  const { width = 1280, height = 800, scheme = "light", scale = 1, language = "en-GB", motion = "no-preference", forced = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: motion,
    forcedColors: forced ? "active" : "none",
    deviceScaleFactor: scale,
    locale: language,
    permissions: ["camera", "microphone", "clipboard-read", "clipboard-write"],
    hasTouch: width < 600,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("blob:")) complaints.push(`request to ${url}`);
  });
  page.complaints = () => complaints;
  return page;
}

/**
 * For one suite: the app on its double, served, in a browser. `on` gives a page to some work and says that nothing complained;
 * `open` gives one to close oneself.
 */
export function useHarness() {
  let harness;
  let server;
  let browser;
  before(async () => {
    harness = buildHarness();
    server = await serve(harness.folder);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    harness?.remove();
  });
  const open = (options) => openPage(browser, server.origin, options);
  return {
    get origin() {
      return server.origin;
    },
    open,
    async on(options, work) {
      const page = await open(options);
      try {
        if (options.prepare) await page.addInitScript(options.prepare);
        await work(page);
        assert.deepEqual(page.complaints(), []);
      } finally {
        await page.context().close();
      }
    },
  };
}

/** Presses Tab until the focus stands on the named control, and looks that it can be seen there. */
export async function tabTo(page, name) {
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate((wanted) => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return null;
      const label = focused.getAttribute("aria-label") ?? focused.labels?.[0]?.textContent ?? focused.textContent ?? "";
      if (!label.includes(wanted)) return null;
      // What is drawn for an input that is hidden stands beside it.
      const shown = focused.matches("input[type=radio].visually-hidden, .choice input") ? focused.nextElementSibling : focused.closest(".switch")?.querySelector(".switch-track") ?? focused;
      const style = getComputedStyle(shown ?? focused);
      return { outline: style.outlineStyle, width: parseFloat(style.outlineWidth) };
    }, name);
    if (!found) continue;
    assert.notEqual(found.outline, "none", `the focus on ${name} cannot be seen`);
    assert.ok(found.width >= 2, `the focus on ${name} is too thin`);
    return;
  }
  assert.fail(`the keyboard does not reach ${name}`);
}

/** Goes through the lobby as a guest and stands in the meeting. */
export async function enter(page, origin, language = "en") {
  await page.addInitScript((tongue) => {
    localStorage.setItem("entente.settings", JSON.stringify({ language: tongue, guestName: "Paul Verne" }));
  }, language);
  await page.goto(`${origin}/m/budget-2027#c2VjcmV0`);
  await page.getByRole("radio").nth(1).check();
  await page.locator(".lobby-join .button-primary").click();
  await page.locator(".meeting").waitFor();
}
