/** Bundles a page and the test Worker from source and serves them on loopback, so that a browser has an origin to load. */

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
      rollupOptions: { input: join(here, "loop", entry), output: { format: "es" } },
    },
  });
  return result.output[0].code;
}

/** Serves the page and the test Worker on a free port of the loopback. */
export async function serve(page) {
  const files = {
    "/": ["text/html", '<!doctype html><title>loop</title><script type="module" src="/page.js"></script>'],
    "/page.js": ["text/javascript", await bundle(page)],
    "/worker.js": ["text/javascript", await bundle("worker.ts")],
  };
  const server = createServer((request, response) => {
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1] ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
