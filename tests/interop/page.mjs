// A browser page that a Python test drives: JSON lines in, JSON lines out.
//
// Start: node page.mjs chromium|firefox. Each line {"id", "body"} is run as an async function body in a page served
// from localhost; the answer is {"id", "value"} or {"id", "error"}. Ends when its input ends.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const load = createRequire(fileURLToPath(new URL("../../web/packages/client/package.json", import.meta.url)));

const server = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>interop</title>");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://localhost:${server.address().port}/`;

async function chromium() {
  const browser = await load("playwright-core").chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  return [browser, await browser.newPage()];
}

async function firefox() {
  const browser = await load("puppeteer-core").launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
    },
  });
  return [browser, await browser.newPage()];
}

const [browser, page] = await { chromium, firefox }[process.argv[2]]();
await page.goto(address);
process.stdout.write(`${JSON.stringify({ id: 0, value: await browser.version() })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, body } = JSON.parse(line);
  let answer;
  try {
    answer = { id, value: (await page.evaluate(`(async () => { ${body} })()`)) ?? null };
  } catch (error) {
    answer = { id, error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
server.close();
