/**
 * Takes a picture of every screen in light and dark, on desktop, tablet and phone, in French and German
 * (long words) and English, into the folder given as the first argument: for people to look at, not a
 * test. `node tests/e2e/app/look.mjs out [scenes] [size] [scheme] [language]`, each a part of a name,
 * scenes several with commas between.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildHarness, enter, launch, openPage, serve } from "./support.mjs";

const out = process.argv[2] ?? "look";
const [scenes = "", sizes = "", schemes = "", languages = ""] = process.argv.slice(3);
mkdirSync(out, { recursive: true });
const SIZES = {
  desktop: { width: 1280, height: 800 },
  tablet: { width: 768, height: 1024 },
  phone: { width: 390, height: 844 },
  // A desktop at 200 %.
  zoomed: { width: 640, height: 400, scale: 2 },
  // Colours set by the device.
  forced: { width: 1280, height: 800, forced: true },
};
const LANGUAGES = ["en", "fr", "de"];

const WORDS = {
  en: { Chat: "Chat", People: "People", Encryption: "Encryption", More: "More", Settings: "Settings", Keys: "Keyboard shortcuts", Compared: "We compared the code", Details: "Details", Protected: "How am I protected?" },
  fr: { Chat: "Discussion", People: "Personnes", Encryption: "Chiffrement", More: "Plus", Settings: "Réglages", Keys: "Raccourcis clavier", Compared: "Nous avons comparé le code", Details: "Détails", Protected: "Comment suis-je protégé·e ?" },
  de: { Chat: "Chat", People: "Personen", Encryption: "Verschlüsselung", More: "Mehr", Settings: "Einstellungen", Keys: "Tastenkürzel", Compared: "Wir haben den Code verglichen", Details: "Einzelheiten", Protected: "Wie bin ich geschützt?" },
};

/** Presses a control, behind "More" if need be. */
async function press(page, word) {
  const words = WORDS[await page.evaluate(() => document.documentElement.lang)];
  const button = page.getByRole("button", { name: words[word], exact: true });
  if (!(await button.isVisible())) await page.getByRole("button", { name: words.More, exact: true }).click();
  await button.click();
}

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
  screen_pinned: async (page) => {
    await page.evaluate(() => (window.harness.people(12), window.harness.screen("p_1")));
    await page.locator(".filmstrip .tile-tools button").nth(1).click({ force: true });
  },
  speaker: async (page) => {
    await page.evaluate(() => (window.harness.people(5), window.harness.meeting.changePerson("p_3", { speaking: true })));
    await press(page, "More");
    await page.locator(".more-item:has-text('groß'), .more-item:has-text('grand'), .more-item:has-text('large')").first().click();
  },
  more: (page) => press(page, "More"),
  // Not offered where nothing can hover: there is no keyboard.
  keys: async (page) => ((await page.evaluate(() => matchMedia("(hover: hover)").matches)) ? press(page, "Keys") : null),
  chat: async (page) => {
    await page.evaluate((messages) => (window.harness.people(3), window.harness.show({ messages })), chat(9));
    await press(page, "Chat");
  },
  people: async (page) => {
    await page.evaluate(() => (window.harness.people(6), window.harness.meeting.changePerson("p_2", { hand: true, microphone: "muted" }), window.harness.meeting.changePerson("p_4", { signing: true })));
    await press(page, "People");
  },
  encryption: async (page) => {
    await page.evaluate(() => window.harness.people(3));
    await press(page, "Encryption");
  },
  encryption_details: async (page) => {
    await MEETING.encryption(page);
    await press(page, "Compared");
    await press(page, "Details");
    await page.locator(".fingerprints").scrollIntoViewIfNeeded();
  },
  protection: async (page) => {
    await MEETING.encryption(page);
    await press(page, "Protected");
  },
  alarm: async (page) => {
    await page.evaluate(() => {
      const { encryption } = window.harness.meeting.getSnapshot();
      window.harness.show({ encryption: { ...encryption, alarms: [{ code: "fork", people: ["Anna Smit"], time: Date.UTC(2026, 10, 22, 9, 41) }] } });
    });
    await press(page, "Encryption");
  },
  settings: (page) => press(page, "Settings"),
  everything_at_once: (page) =>
    page.evaluate(() => {
      window.harness.people(9);
      window.harness.show({ soundBlocked: true, mutedBy: { source: "microphone", name: "Marc-Antoine de La Rochefoucauld", from: null, time: 1, held: false } });
      window.harness.meeting.changePerson("p_4", { speaking: true, hand: true, signing: true, microphone: "muted" });
    }),
  lobby_waits: async (page) => {
    await page.evaluate(() => (window.harness.people(4), window.harness.lobby(3)));
    await press(page, "People");
  },
  knock: (page) => page.evaluate(() => (window.harness.people(4), window.harness.lobby(1))),
  knock_many: (page) => page.evaluate(() => (window.harness.people(4), window.harness.lobby(3))),
  person_menu: async (page) => {
    await page.evaluate(() => (window.harness.people(4), window.harness.meeting.changePerson("p_3", { hand: true, screen: "live" })));
    await press(page, "People");
    await page.locator(".person-tools [aria-haspopup]").last().click();
  },
  removing: async (page) => {
    await page.evaluate(() => window.harness.people(4));
    await press(page, "People");
    await page.locator(".person-tools [aria-haspopup]").last().click();
    await page.locator(".menu-grave").click();
  },
  rules: async (page) => {
    await press(page, "People");
    await page.locator(".panel-foot .button").last().click();
  },
  leaving: (page) => page.locator(".tone-leave").click(),
  barred: async (page) => {
    await page.evaluate(() => window.harness.bar({ share: "rule", chat: "rule", unmute: "held" }));
    await press(page, "Chat");
  },
  watching: async (page) => page.evaluate(() => window.harness.bar({ share: "audience", unmute: "audience", camera: "audience" })),
  refused: (page) => page.evaluate(() => window.harness.show({ ended: { reason: "lobby_refused", by: null } })),
  excluded: (page) => page.evaluate(() => window.harness.show({ ended: { reason: "excluded", by: null } })),
  waiting: (page) => page.evaluate(() => window.harness.show({ state: "waiting", people: [], tiles: [] })),
  reconnecting: (page) => page.evaluate(() => window.harness.show({ state: "reconnecting" })),
  ended: (page) => page.evaluate(() => window.harness.show({ ended: { reason: "removed", by: null } })),
};

const PLAIN = {
  start: (page, origin) => page.goto(origin),
  start_in: async (page, origin) => {
    await page.goto(origin);
    await page.getByRole("button", { name: /Claire/ }).click();
    await page.locator(".signed-in").waitFor();
  },
  lobby: (page, origin) => page.goto(`${origin}/m/budget-2027#c2VjcmV0`),
  lobby_guest: async (page, origin) => {
    await page.goto(`${origin}/m/budget-2027#c2VjcmV0`);
    await page.getByRole("radio").nth(1).check();
  },
  lobby_pin: async (page, origin) => {
    await page.goto(`${origin}/m/closed-door#c2VjcmV0`);
    await page.getByRole("radio").nth(1).check();
    await page.locator(".lobby-join .button-primary").click();
  },
  waiting_room: async (page, origin) => {
    await page.goto(`${origin}/m/closed-door#c2VjcmV0`);
    await page.getByRole("radio").nth(1).check();
    await page.evaluate(() => (window.harness.wait = true));
    await page.locator(".lobby-join input.input").first().fill("Paul Verne");
    await page.locator(".lobby-join input.input").last().fill("4711");
    await page.locator(".lobby-join .button-primary").click();
    await page.locator("#waiting-title").waitFor();
  },
  lobby_refused: async (page, origin) => {
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("", "NotAllowedError");
      };
    });
    await page.goto(`${origin}/m/budget-2027#c2VjcmV0`);
    await page.locator(".person-choice").first().click();
  },
  unknown: (page, origin) => page.goto(`${origin}/m/nowhere`),
};

const harness = buildHarness();
const server = await serve(harness.folder);
const browser = await launch();
try {
  for (const [size, { width, height, scale = 1, forced = false }] of Object.entries(SIZES)) {
    for (const scheme of ["light", "dark"]) {
      for (const language of LANGUAGES) {
        if (!size.includes(sizes) || !scheme.includes(schemes) || !language.includes(languages)) continue;
        for (const [name, scene] of Object.entries({ ...PLAIN, ...MEETING })) {
          if (!scenes.split(",").some((part) => name.includes(part))) continue;
          const file = `${name}-${size}-${scheme}-${language}`;
          const page = await openPage(browser, server.origin, { width, height, scale, scheme, language, forced });
          if (name in MEETING) await enter(page, server.origin, language);
          await scene(page, server.origin);
          await page.waitForTimeout(500);
          await page.screenshot({ path: join(out, `${file}.png`) });
          for (const complaint of page.complaints()) console.log(`${file}: ${complaint}`);
          await page.context().close();
        }
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
  harness.remove();
}
