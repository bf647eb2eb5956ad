/**
 * What a hub that lies can do with its own key: sign other outcomes than the ones it stored. Takes the key from the folder of
 * the test's node and re-signs entries; layouts are those of docs/protocol.md.
 */

import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const SIGNATURE = 64;
/** Offsets of an entry's fields from the end of what is signed; the fields in front have no fixed length. */
const FROM_END = { receiptsHash: 32, time: 40, commitHash: 72, prevHash: 104, state: 105, attempt: 109, epoch: 117, seq: 125 };
/** Outcomes by their number. */
export const STATES = { proposed: 1, reached: 2, withdrawn: 3 };

/** Where the node's signer keeps its keys. */
function keysOf(node) {
  const name = readdirSync(node.folder, { recursive: true }).find((path) => path.endsWith("hub.pem"));
  return dirname(join(node.folder, name));
}

/** The node's own hub key. */
export function hubKey(node) {
  return createPrivateKey(readFileSync(join(keysOf(node), "hub.pem")));
}

/** The hub's proposal to add a newcomer with a false certificate, to the epoch of `entry`: `foreign`, or of another `tenant`. */
export function falseProposal(node, entry, what, deployment, tenants) {
  const words = ["-m", "tests.e2e.support.forger", keysOf(node), Buffer.from(entry).toString("hex"), what, deployment, ...tenants];
  return Buffer.from(execFileSync(join(ROOT, ".venv/bin/python"), words, { cwd: ROOT, encoding: "utf8" }).trim(), "hex");
}

const body = (entry) => Buffer.from(entry).subarray(0, -SIGNATURE);

/** SHA-256 over what the hub signed. */
export function entryHash(entry) {
  return createHash("sha256").update(body(entry)).digest();
}

/** The entry with its bytes changed, signed anew; `change` gets them and where each field lies. */
export function signAgain(key, entry, change) {
  const next = Buffer.from(body(entry));
  change(next, (name) => next.length - FROM_END[name]);
  return Buffer.concat([next, sign(null, next, key)]);
}

/** The entry that would follow `entry` in the hub's log with this outcome, about the same commit. */
export function nextEntry(key, entry, state) {
  return signAgain(key, entry, (next, at) => {
    next[at("state")] = STATES[state];
    next.writeBigUInt64BE(next.readBigUInt64BE(at("seq")) + 1n, at("seq"));
    entryHash(entry).copy(next, at("prevHash"));
    next.fill(0, at("receiptsHash"));
  });
}
