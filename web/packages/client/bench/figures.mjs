/**
 * The browser's figures, measured in Chromium on loopback: what sealing one frame costs, the time from joining to the first
 * decrypted frame of somebody else, how far lips and voice are apart, and how long a return and a
 * removal take. Prints one JSON array; nothing is asserted. JOINS sets the number of joins (30), PROMISES
 * that of returns and removals (11), FLASHES that of flashes before and after a switch (25); 0 leaves one out.
 */

import { dirname, join as path } from "node:path";
import { fileURLToPath } from "node:url";
import { startNode } from "../../../../tests/e2e/support/node.mjs";
import { openBrowser } from "../e2e/browsers.mjs";
import { join, until } from "../e2e/person.mjs";
import { serveFiles } from "../e2e/serve.mjs";
import { lips } from "./lips.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const JOINS = Number(process.env.JOINS ?? 30);
const FLASHES = Number(process.env.FLASHES ?? 25);
const RUNS = 11;
const PROMISES = Number(process.env.PROMISES ?? 11);
const SIZES = [120, 1_200, 20_000, 50_000];

/** A figure from its runs: the median, or another quantile, with the 10–90 % range. */
function figure(name, unit, goal, runs, quantile = 0.5) {
  const sorted = runs.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const round = (value) => Number(value.toPrecision(3));
  return { name, value: round(at(quantile)), unit, goal, better: "lower", runs: runs.length, low: round(at(0.1)), high: round(at(0.9)) };
}

async function frames(browser) {
  const server = await serveFiles("<!doctype html><title>figures</title>", { "/worker.js": path(here, "frames_worker.ts") });
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const run = (octets, count) =>
    page.evaluate(
      ([size, times]) =>
        new Promise((resolve) => {
          window.worker ??= new Worker("/worker.js", { type: "module" });
          window.worker.onmessage = ({ data }) => resolve(data);
          window.worker.postMessage({ octets: size, count: times });
        }),
      [octets, count],
    );
  const found = [];
  for (const octets of SIZES) {
    await run(octets, 200);
    const runs = [];
    for (let at = 0; at < RUNS; at += 1) runs.push(await run(octets, 500));
    found.push(figure(`browser seal, ${octets} B frame`, "µs", null, runs.map((one) => one.seal)));
    found.push(figure(`browser open, ${octets} B frame`, "µs", null, runs.map((one) => one.open)));
  }
  await page.close();
  server.close();
  return found;
}

async function joins(browser) {
  const node = await startNode();
  try {
    // Two people wait: one alone sends nothing (K3.3).
    const waiting = [await join(browser, node, 0), await join(browser, node, 1, { camera: false })];
    await until("the meeting runs", () => waiting[1].look(), ({ tiles }) => tiles.some((tile) => tile.name !== null));
    const runs = [];
    for (let at = 0; at < JOINS; at += 1) {
      const person = await join(browser, node, `Guest ${at}`, { camera: false });
      runs.push(await until("first frame", () => person.page.evaluate(() => window.firstFrame ?? 0), (time) => time > 0));
      await person.page.evaluate(() => window.meeting.leave());
      await person.close();
    }
    return [
      figure("join to first decrypted frame, p50", "ms", 1000, runs),
      figure("join to first decrypted frame, p95", "ms", 2000, runs, 0.95),
    ];
  } finally {
    await node.stop();
  }
}

async function lipSkew(browser) {
  const { steady, switched } = await lips(browser, FLASHES);
  const apart = (skews) => skews.map(Math.abs);
  return [
    figure("lip skew, p95", "ms", 100, apart([...steady, ...switched]), 0.95),
    figure("lip skew after a switch, p95", "ms", 100, apart(switched), 0.95),
  ];
}

/** In the page: milliseconds from losing the socket, or from the order to remove somebody, until that is over. */
function timed(person, removed = null) {
  return person.page.evaluate(
    ([participant, hang]) =>
      new Promise((resolve, reject) => {
        const before = window.meeting.getSnapshot().encryption.epoch;
        let away = false;
        const over = ({ state, encryption }) => {
          away ||= state !== "connected";
          return participant === null ? away && state === "connected" : encryption.epoch > before;
        };
        const start = performance.now();
        const look = setInterval(() => {
          const spent = performance.now() - start;
          if (!over(window.meeting.getSnapshot()) && spent < hang) return;
          clearInterval(look);
          if (spent < hang) resolve(spent);
          else reject(new Error(`still not over after ${hang} ms`));
        }, 5);
        if (participant === null) window.sockets.at(-1).close(3001);
        else window.meeting.remove(participant);
      }),
    [removed, 30_000],
  );
}

/** What a user is promised in time and a page can see: a lost socket comes back, a removed person is out of the keys. */
async function promises(browser) {
  const node = await startNode();
  try {
    const [host, second] = [await join(browser, node, 0), await join(browser, node, 1, { camera: false })];
    await until("the meeting runs", () => second.look(), ({ tiles }) => tiles.some((tile) => tile.name !== null));
    const resumed = [];
    for (let at = 0; at < PROMISES; at += 1) resumed.push(await timed(second));
    const removed = [];
    for (let at = 0; at < PROMISES; at += 1) {
      const guest = await join(browser, node, `Guest ${at}`, { camera: false });
      await until("the guest is in", () => guest.look(), ({ state }) => state === "connected");
      const { participant } = (await guest.look()).me;
      await until("the host sees the guest", () => host.look(), ({ people }) => people.some((person) => person.participant === participant));
      removed.push(await timed(host, participant));
      await guest.close();
    }
    return [
      figure("lost socket until resumed", "ms", null, resumed),
      figure("removal by the host until merged (K4.6)", "ms", 2000, removed),
    ];
  } finally {
    await node.stop();
  }
}

const browser = await openBrowser("chromium");
try {
  const found = await frames(browser);
  if (JOINS > 0) found.push(...(await joins(browser)));
  if (PROMISES > 0) found.push(...(await promises(browser)));
  if (FLASHES > 0) found.push(...(await lipSkew(browser)));
  console.log(JSON.stringify(found, undefined, 2));
} finally {
  await browser.close();
}
