/**
 * A real node for the browser tests: `entente serve` in a folder of its own, on free ports, ended by its process id.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const HANG_MS = 60_000;

/** Starts a node; resolves with the link of its room once it listens. */
export async function startNode(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), "entente-node-"));
  let running = await launch(folder, environment);
  const port = new URL(running.link).port;
  return {
    link: running.link,
    origin: new URL(running.link).origin,
    folder,
    get pid() {
      return running.pid;
    },
    output: () => running.output(),
    /** Ends the process by a signal and starts another with the same folder at the same address. */
    async restart(signal = "SIGTERM") {
      await running.end(signal);
      running = await launch(folder, { ...environment, ENTENTE_HTTP__PORT: port });
    },
    async stop() {
      await running.end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One process; resolves once it listens. */
async function launch(folder, environment) {
  const child = spawn(join(ROOT, ".venv/bin/entente"), ["serve"], {
    cwd: folder,
    env: {
      ...process.env,
      PYTHONPATH: ROOT,
      ENTENTE_FOLDER: join(folder, "var"),
      ENTENTE_HTTP__PORT: "0",
      ENTENTE_MEDIA__PORT: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const link = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the node did not start:\n${output}`)), HANG_MS);
    const read = (chunk) => {
      output += chunk;
      const found = /Open\s+(http:\S+)/.exec(output);
      if (found) {
        clearTimeout(timer);
        resolve(found[1]);
      }
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the node ended with ${code}:\n${output}`));
    });
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    link,
    pid: child.pid,
    output: () => output,
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
