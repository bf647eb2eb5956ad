/**
 * Takes a picture of every screen in light and dark, desktop and phone, into the folder given
 * as the first argument: for people to look at, not a test. `node tests/e2e/app/look.mjs out`.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildHarness, enter, launch, openPage, serve } from "./support.mjs";

const out = process.argv[2] ?? "look";
const only = process.argv[3] ?? "";
mkdirSync(out, { recursive: true });
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 780 } };

const chat = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: `c${index}`,
    participant: `p_${index % 3}`,
    name: ["Claire Fontaine", "Anna Smit", "Jürgen Weiß"][index % 3],
    text: ["Bonjour à toutes et à tous", "I have put the figures for 2027 on the shared drive; page 4 is new.", "Danke, sehe ich mir gleich an."][index % 3],
    time: Date.UTC(2026, 10, 22, 9, 30) + index * 40_000,
    own: index % 3 === 0,
  }));

/** Each scene: what to do on a page that stands in the meeting. */
const MEETING = {
  tiles1: (page) => page.evaluate(() => window.harness.people(1)),
  tiles2: (page) => page.evaluate(() => window.harness.people(2)),
  tiles5: (page) => page.evaluate(() => (window.harness.people(5), window.harness.meeting.changePerson("p_2", { speaking: true, hand: true }), window.harness.meeting.changePerson("p_4", { microphone: "muted" }))),
  tiles9: (page) => page.evaluate(() => window.harness.people(9)),
  tiles12: (page) => page.evaluate(() => (window.harness.people(12), window.harness.meeting.changePerson("p_3", { camera: "off" }))),
  cameras_off: (page) => page.evaluate(() => window.harness.people(4, { camera: "off" })),
  screen: (page) => page.evaluate(() => (window.harness.people(5), window.harness.screen("p_1"))),
  odd_tiles: (page) =>
    page.evaluate(() => {
      window.harness.people(4);
      window.harness.tile("p_1", { labelled: null, state: "waiting" });
      window.harness.tile("p_2", { state: "cannot_decrypt" });
      window.harness.meeting.changePerson("p_3", { state: "reconnecting" });
    }),
  chat: async (page) => {
    await page.evaluate((messages) => (window.harness.people(3), window.harness.show({ messages })), chat(9));
    await page.getByRole("button", { name: "Chat", exact: true }).click();
  },
  people: async (page) => {
    await page.evaluate(() => (window.harness.people(6), window.harness.meeting.changePerson("p_2", { hand: true, microphone: "muted" })));
    await page.getByRole("button", { name: "People", exact: true }).click();
  },
  encryption: async (page) => {
    await page.evaluate(() => window.harness.people(3));
    await more(page);
    await page.getByRole("button", { name: "Encryption", exact: true }).click();
  },
  encryption_details: async (page) => {
    await MEETING.encryption(page);
    await page.getByRole("button", { name: "We compared the code" }).click();
    await page.getByRole("button", { name: "Details" }).click();
    await page.getByText("Fingerprints").scrollIntoViewIfNeeded();
  },
  protection: async (page) => {
    await MEETING.encryption(page);
    await page.getByRole("button", { name: "How am I protected?" }).click();
  },
  alarm: async (page) => {
    await page.evaluate(() => {
      const { encryption } = window.harness.meeting.getSnapshot();
      window.harness.show({ encryption: { ...encryption, alarms: [{ code: "fork", people: ["Anna Smit"], time: Date.UTC(2026, 10, 22, 9, 41) }] } });
    });
    await more(page);
    await page.getByRole("button", { name: "Encryption", exact: true }).click();
  },
  settings: async (page) => {
    await more(page);
    await page.getByRole("button", { name: "Settings", exact: true }).click();
  },
  waiting: (page) => page.evaluate(() => window.harness.show({ state: "waiting", people: [], tiles: [] })),
  reconnecting: (page) => page.evaluate(() => window.harness.show({ state: "reconnecting" })),
  ended: (page) => page.evaluate(() => window.harness.show({ ended: { reason: "removed", by: null } })),
};

async function more(page) {
  const button = page.getByRole("button", { name: "More", exact: true });
  if (await button.isVisible()) await button.click();
}

const PLAIN = {
  start: (page, origin) => page.goto(origin),
  start_in: async (page, origin) => {
    await page.goto(origin);
    await page.getByRole("button", { name: /Claire/ }).click();
    await page.getByRole("button", { name: "Open the room" }).waitFor();
  },
  lobby: (page, origin) => page.goto(`${origin}/m/budget-2027#c2VjcmV0`),
  lobby_guest: async (page, origin) => {
    await page.goto(`${origin}/m/budget-2027#c2VjcmV0`);
    await page.getByRole("radio", { name: "I am a guest" }).check();
  },
  unknown: (page, origin) => page.goto(`${origin}/m/nowhere`),
};

const harness = buildHarness();
const server = await serve(harness.folder);
const browser = await launch();
try {
  for (const [size, box] of Object.entries(SIZES)) {
    for (const scheme of ["light", "dark"]) {
      for (const [name, scene] of Object.entries({ ...PLAIN, ...MEETING })) {
        const file = `${name}-${size}-${scheme}`;
        if (!file.includes(only)) continue;
        const page = await openPage(browser, server.origin, { ...box, scheme });
        if (name in MEETING) await enter(page, server.origin);
        await scene(page, server.origin);
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(out, `${file}.png`) });
        for (const complaint of page.complaints()) console.log(`${file}: ${complaint}`);
        await page.context().close();
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
  harness.remove();
}
