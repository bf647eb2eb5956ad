/**
 * A login in Chromium, by the product's own pages, at a certified provider, into a room and out again:
 * what only a real browser shows is whether it takes our cookies and brings them along.
 */

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "../support/browsers.mjs";
import { startNode } from "../support/node.mjs";

const PROVIDER = fileURLToPath(new URL("../../interop/oidc/provider.mjs", import.meta.url));
const SCOPES = ["openid", "given_name", "usual_name", "email", "siret", "uid", "idp_id", "organizational_unit"];

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function startProvider(base) {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "unused", use: "sig", alg: "ES256" };
  const child = spawn(process.execPath, [PROVIDER, base], { env: { ...process.env, CLIENT_KEY: JSON.stringify(key) }, stdio: ["pipe", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the provider did not start")));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const found = /^\{"issuer".*\}$/m.exec(text);
      if (found) resolve({ issuer: JSON.parse(found[0]).issuer, stop: () => child.stdin.end() });
    });
  });
}

it("a person logs in at the ministry's provider, comes back to the room with its secret, and logs out at both", { timeout: 300_000 }, async (t) => {
  const port = await freePort();
  const secrets = mkdtempSync(join(tmpdir(), "entente-login-"));
  t.after(() => rmSync(secrets, { recursive: true, force: true }));
  mkdirSync(join(secrets, "exemple"));
  writeFileSync(join(secrets, "exemple/proconnect"), "not-a-secret-at-all", { mode: 0o600 });
  const provider = await startProvider(`http://localhost:${port}`);
  t.after(provider.stop);
  const tenant = {
    id: "exemple", name: "Ministère de l'Exemple", short: "Exemple", colour: "#1d4ed8",
    providers: [{
      id: "proconnect", name: "ProConnect", issuer: provider.issuer, client_id: "entente", secret: "proconnect", scopes: SCOPES,
      acr_values: ["eidas1"], user_info: true, domains: ["exemple.example"],
      claims: { name: ["given_name", "usual_name"], verified: "", assurance: { eidas1: "low", eidas2: "substantial", eidas3: "high" } },
    }],
  };
  const node = await startNode({ ENTENTE_HTTP__PORT: String(port), ENTENTE_DEPLOYMENT__TENANTS: JSON.stringify([tenant]), ENTENTE_LOGIN__SECRETS: secrets });
  t.after(() => node.stop());
  const browser = await openBrowser("chromium");
  t.after(() => browser.close());
  const page = (await browser.newPage()).raw;

  await page.goto(node.link.replace("127.0.0.1", "localhost"));
  const room = new URL(page.url());
  await page.getByRole("textbox", { name: "Your official e-mail address" }).fill("angela@exemple.example");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${provider.issuer}/**`);
  await page.getByRole("textbox", { name: "Niveau" }).fill("eidas2");
  await page.getByRole("button", { name: "Continuer" }).click();
  await page.waitForURL((url) => url.host === room.host);
  await page.getByText("Angela Dubois").first().waitFor();
  assert.equal(page.url(), room.href, "back in the room, with the secret that only this tab knows");
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.name === "__Host-entente");
  assert.deepEqual([session?.httpOnly, session?.secure, session?.sameSite, session?.path], [true, true, "Lax", "/"]);
  assert.equal(await page.evaluate(() => document.cookie), "", "no page reads any of them");

  await page.getByRole("button", { name: "Join", exact: true }).click();
  await page.getByRole("toolbar").or(page.locator(".meeting")).first().waitFor();
  await page.goto(`${room.origin}/me`);
  await page.getByText("This browser").waitFor();
  await page.getByText(/^Issued /).first().waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL(`${provider.issuer}/session/end**`);
  await page.locator('button[name="logout"]').click();
  await page.waitForURL((url) => url.host === room.host && url.pathname === "/");
  assert.equal(await page.evaluate(() => fetch("/api/me").then((reply) => reply.json()).then((said) => said.person)), null);
});
