/** Every sentence exists in every language, is used, is translated, and keeps its placeholders. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { de } from "../../src/i18n/de.ts";
import { en } from "../../src/i18n/en.ts";
import { fr } from "../../src/i18n/fr.ts";
import { startI18n } from "../../src/i18n/index.ts";
import { nl } from "../../src/i18n/nl.ts";

const LANGUAGES: Record<string, Record<string, string>> = { fr, de, nl, en };

/** The same word in English and in that language; each was looked at. */
const SAME: Record<string, readonly string[]> = {
  fr: ["keys.ctrl", "role.agent"],
  de: ["control.chat"],
  nl: ["control.camera", "control.chat", "keys.ctrl"],
};

const CATEGORY = /_(zero|one|two|few|many|other)$/;
const base = (key: string): string => key.replace(CATEGORY, "");
const isPlural = (key: string, all: Record<string, string>): boolean => `${base(key)}_other` in all;
const slots = (text: string): string[] => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? "").sort();

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "i18n" ? [] : sources(path);
    return /\.tsx?$/.test(name) ? [readFileSync(path, "utf8")] : [];
  });
}

const code = sources(fileURLToPath(new URL("../../src", import.meta.url))).join("\n");

describe.each(Object.entries(LANGUAGES))("%s", (language, messages) => {
  it("has every key and every plural form of its language, and nothing more", () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const wanted = new Set<string>();
    for (const key of Object.keys(en)) {
      if (isPlural(key, en)) for (const category of categories) wanted.add(`${base(key)}_${category}`);
      else wanted.add(key);
    }
    expect(Object.keys(messages).sort()).toEqual([...wanted].sort());
  });

  it("leaves nothing empty, and nothing in English by oversight", () => {
    for (const [key, text] of Object.entries(messages)) {
      expect(text.trim(), key).not.toBe("");
      if (language === "en" || SAME[language]?.includes(key)) continue;
      expect(text, key).not.toBe((en as Record<string, string>)[key]);
    }
  });

  it("keeps the placeholders of the English sentence", () => {
    for (const [key, text] of Object.entries(messages)) {
      const source = (en as Record<string, string>)[key] ?? (en as Record<string, string>)[`${base(key)}_other`] ?? "";
      const mine = slots(text);
      // A form for exactly one may leave the number out.
      expect(key.endsWith("_one") ? [...new Set([...mine, "count"])].sort() : mine, key).toEqual(slots(source));
    }
  });
});

describe("French", () => {
  it("never begins a line with a punctuation mark", () => {
    for (const [key, text] of Object.entries(fr)) expect(text, key).not.toMatch(/ [?!:;»]|« /);
  });
});

describe("keys", () => {
  it("are all used, and every key in the code exists", () => {
    const known = new Set(Object.keys(en).map((key) => (isPlural(key, en) ? base(key) : key)));
    const families = [...new Set([...known].map((key) => key.split(".")[0]))].join("|");
    const used = new Set([...code.matchAll(new RegExp(`"((?:${families})\\.[a-z_.]+)"`, "g"))].map((match) => match[1] ?? ""));
    expect([...known].filter((key) => !used.has(key))).toEqual([]);
    expect([...used].filter((key) => !known.has(key))).toEqual([]);
  });

  it("are never put together at run time, where no check could follow", () => {
    expect(code.match(/\bt\(\s*(`|[^)"]*\+)/g)).toBeNull();
  });
});

describe("i18next", () => {
  it("speaks the chosen language with its plurals", async () => {
    const i18n = startI18n("en");
    expect(i18n.t("encryption.sentence", { count: 3 })).toBe("Only the 3 people listed can hear this meeting");
    await i18n.changeLanguage("fr");
    expect(i18n.t("lobby.people", { count: 0 })).toBe("0 personne est là.");
    expect(i18n.t("lobby.people", { count: 2 })).toBe("2 personnes sont là.");
    await i18n.changeLanguage("de");
    expect(i18n.t("lobby.people", { count: 1 })).toBe("1 Person ist da.");
    expect(i18n.t("announce.joined", { name: "<b>Bo</b>" })).toBe("<b>Bo</b> ist gekommen");
  });
});
