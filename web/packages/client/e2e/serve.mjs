/** Bundles scripts from source and serves them on loopback, so that a browser has an origin to load them from. */

import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));

async function bundle(entry) {
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      target: "es2022",
      rollupOptions: { input: entry, output: { format: "es" } },
    },
  });
  return result.output[0].code;
}

/** Serves a page at `/` and bundles of these entries (address → file) on a free port. */
export async function serveFiles(html, entries) {
  const files = { "/": ["text/html", html] };
  for (const [address, entry] of Object.entries(entries)) files[address] = ["text/javascript", await bundle(entry)];
  const server = createServer((request, response) => {
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1] ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Serves one of the pages of `loop/` with the test Worker. */
export function serve(page) {
  return serveFiles('<!doctype html><title>loop</title><script type="module" src="/page.js"></script>', {
    "/page.js": join(here, "loop", page),
    "/worker.js": join(here, "loop", "worker.ts"),
  });
}
