/**
 * A headless participant beside the browsers: `tests/e2e/headless/peer.py` as a child, its reports read line by line.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Starts one as an official of the development login; `state()` is its last report. */
export function startHeadless(link, tenant = "beispiel", subject = "b-2n6v8j4s") {
  const child = spawn(join(ROOT, ".venv/bin/python"), ["-m", "tests.e2e.headless.peer", link, tenant, subject], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let last = null;
  createInterface({ input: child.stdout }).on("line", (line) => {
    last = JSON.parse(line);
  });
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    state: () => last,
    say: (line) => child.stdin.write(`${line}\n`),
    async stop() {
      if (child.exitCode === null) child.stdin.end();
      return ended;
    },
  };
}
