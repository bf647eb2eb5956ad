/**
 * The pages of a ministry's login in a browser, on made-up answers of the node: no accessibility
 * violation in light and dark, on desktop and phone; the whole way to the provider by keyboard; what
 * a failed login says and offers; the own page. Run with `node --test tests/e2e/app/`.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { AxeBuilder, buildHarness, launch, openPage, serve } from "./support.mjs";

const SHOTS = process.env.SHOTS;
const PROVIDERS = [
  { id: "finances", name: "ProConnect", tenant: "finances" },
  { id: "interieur", name: "Passage2", tenant: "interieur" },
];
const HOUR = 3600_000;
const NOW = Date.UTC(2027, 2, 4, 9, 30);
const SESSIONS = [
  { id: "a", current: true, assurance: "high", authenticated: NOW - HOUR, seen: NOW },
  { id: "b", current: false, assurance: "low", authenticated: NOW - 5 * HOUR, seen: NOW - 2 * HOUR },
];
const certificate = (index, revoked = null) => ({
  fingerprint: String(index).padStart(2, "0").repeat(32),
  role: "participant",
  meeting: null,
  issued: NOW - index * HOUR,
  expires: NOW + 24 * HOUR - index * HOUR,
  revoked,
});
const PROD = { "GET /api/login/providers": [200, { providers: PROVIDERS }] };
const LOGGED_IN = {
  ...PROD,
  "GET /api/me": [200, { person: { tenant: "finances", subject: "u-1", name: "Anna Smit", assurance: "high", rights: [], login: "provider" } }],
  "GET /api/me/sessions": [200, { sessions: SESSIONS }],
  "DELETE /api/me/sessions/b": [204, ""],
  "GET /api/me/certificates": [200, { certificates: [certificate(1), certificate(2, NOW)], before: "1-ab" }],
  "POST /api/login/logout": [200, { redirect: null }],
  "POST /api/login/discover": [200, { provider: PROVIDERS[0] }],
};
const VIEWS = [
  { name: "light desktop", width: 1280, height: 800, scheme: "light" },
  { name: "dark phone", width: 360, height: 740, scheme: "dark" },
];
const PAGES = {
  login: { answers: PROD, path: "/login?return_to=/me", ready: "Choose your ministry" },
  "login that failed": { answers: PROD, path: "/login?problem=id_token_signature", ready: "Tell your security team" },
  "login too weak": { answers: PROD, path: "/login?problem=assurance_low&provider=finances&return_to=/me", ready: "Sign in at a higher level" },
  "own page": { answers: LOGGED_IN, path: "/me", ready: "Show earlier ones" },
  "start, logged in by a provider": { answers: LOGGED_IN, path: "/", ready: "Sign out" },
};

describe("the pages of a login", () => {
  let harness, browser;
  before(async () => {
    harness = buildHarness();
    browser = await launch();
    if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    harness?.remove();
  });

  async function opened(answers, path, view = VIEWS[0]) {
    const server = await serve(harness.folder, answers);
    const page = await openPage(browser, server.origin, view);
    await page.goto(server.origin + path);
    return { page, server, close: () => page.context().close().then(server.close) };
  }

  for (const [name, { answers, path, ready }] of Object.entries(PAGES)) {
    it(`${name}: nothing that axe minds, light and dark, wide and narrow`, async () => {
      for (const view of VIEWS) {
        const { page, close } = await opened(answers, path, view);
        await page.getByText(ready).first().waitFor();
        const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
        assert.deepEqual(violations.map((one) => [one.id, one.nodes[0]?.html]), []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing wider than the window");
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name.replaceAll(" ", "-")}-${view.scheme}.png`, fullPage: true });
        assert.deepEqual(page.complaints(), []);
        await close();
      }
    });
  }

  it("by keyboard alone to the ministry's provider, and the room's secret stays in the tab", async () => {
    const { page, close } = await opened({ ...PROD, "POST /api/login/discover": LOGGED_IN["POST /api/login/discover"] }, "/m/budget-2027#c2VjcmV0");
    const left = page.waitForRequest(/\/api\/login\/start/);
    const field = page.getByRole("textbox", { name: "Your official e-mail address" });
    await field.waitFor();
    for (let tabs = 0; tabs < 40 && !(await field.evaluate((input) => input === document.activeElement)); tabs += 1) await page.keyboard.press("Tab");
    await page.keyboard.type("anna@finances.example");
    await page.keyboard.press("Enter");
    const url = new URL((await left).url());
    assert.equal(url.searchParams.get("provider"), "finances");
    assert.equal(url.searchParams.get("return_to"), "/m/budget-2027");
    assert.ok(!url.href.includes("c2VjcmV0") && !url.href.includes("anna"));
    await page.waitForURL(/\/api\/login\/start/);
    // Back from there, without the fragment that no server has seen.
    await page.goto(`${url.origin}/m/budget-2027`);
    await page.waitForURL(/#c2VjcmV0$/);
    await close();
  });

  it("an address of nowhere is told so at its field", async () => {
    const { page, close } = await opened({ ...PROD, "POST /api/login/discover": [200, { provider: null }] }, "/login");
    const field = page.getByRole("textbox", { name: "Your official e-mail address" });
    await field.fill("anna@elsewhere.example");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("No ministry here has this address").waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await close();
  });

  it("the own page ends a login elsewhere", async () => {
    const { page, close } = await opened(LOGGED_IN, "/me");
    const ended = page.waitForRequest((request) => request.method() === "DELETE");
    await page.getByRole("button", { name: /^Sign out where/ }).press("Enter");
    assert.match((await ended).url(), /\/api\/me\/sessions\/b$/);
    await close();
  });
});
