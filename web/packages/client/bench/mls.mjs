/**
 * The WASM of the key Worker in Chromium, driven over standard input by `bench/mls.py`: a line asks, a line answers, with
 * the time the call took inside the Worker. The same language as tests/unit/e2ee/wasm_member.mjs.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openBrowser } from "../e2e/browsers.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const files = {
  "/": ["text/html", "<!doctype html><title>mls</title>"],
  "/worker.js": ["text/javascript", readFileSync(path("mls_worker.js"))],
  "/e2ee.js": ["text/javascript", readFileSync(path("../wasm/e2ee.js"))],
  "/e2ee_bg.wasm": ["application/wasm", readFileSync(path("../wasm/e2ee_bg.wasm"))],
};

const server = createServer((request, response) => {
  const file = files[request.url];
  response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
  response.end(file?.[1] ?? "");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await openBrowser("chromium");
try {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const ask = (question) =>
    page.evaluate(
      (one) =>
        new Promise((resolve) => {
          window.worker ??= new Worker("/worker.js", { type: "module" });
          window.worker.onmessage = ({ data }) => resolve(data);
          window.worker.postMessage(one);
        }),
      question,
    );
  await ask({ load: true });
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await ask(JSON.parse(line)))}\n`);
  }
} finally {
  await browser.close();
  server.close();
}
