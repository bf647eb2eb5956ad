/**
 * The built product, as the node serves it: integrity on every tag and on the WASM, nothing inline,
 * nothing from elsewhere, no test double inside, and a start page without a complaint.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, openPage, serve } from "./support.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const STATIC = join(ROOT, "gateway/static");
const sri = (path) => `sha384-${createHash("sha384").update(readFileSync(join(STATIC, path))).digest("base64")}`;

describe("the built web client", () => {
  let html;
  before(() => {
    execFileSync(join(ROOT, "scripts/web"), { stdio: "ignore" });
    html = readFileSync(join(STATIC, "index.html"), "utf8");
  });

  it("carries integrity on every script and style, and holds nothing inline", () => {
    const tags = [...html.matchAll(/<(?:script|link)\b[^>]*>/g)].map(([tag]) => tag).filter((tag) => !tag.includes('rel="icon"'));
    assert.ok(tags.length >= 2);
    for (const tag of tags) {
      const file = /(?:src|href)="\/([^"]+)"/.exec(tag)?.[1];
      assert.ok(file, tag);
      assert.equal(/integrity="([^"]+)"/.exec(tag)?.[1], sri(file));
    }
    assert.doesNotMatch(html, /<style|\sstyle=|<script[^>]*>[^<]/);
    assert.doesNotMatch(html, /https?:/);
  });

  it("knows the hash of the encryption module that it loads", () => {
    const [entry] = readdirSync(join(STATIC, "assets")).filter((name) => name.endsWith(".js"));
    assert.ok(readFileSync(join(STATIC, "assets", entry), "utf8").includes(sri("sdk/e2ee_bg.wasm")));
  });

  it("holds no double of the SDK", () => {
    for (const name of readdirSync(join(STATIC, "assets"))) {
      assert.doesNotMatch(readFileSync(join(STATIC, "assets", name), "utf8"), /window\.harness|MeetingDouble/);
    }
  });

  it("opens under the strict policy and asks nobody else for anything", async () => {
    const server = await serve(STATIC);
    const browser = await launch();
    try {
      const page = await openPage(browser, server.origin);
      await page.goto(server.origin);
      await page.getByRole("heading", { name: "Who are you?" }).waitFor();
      assert.deepEqual(page.complaints(), []);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
