/** What comes from outside: addresses, HTTP answers, kept settings, sounds; and the built page. */

import { describe, expect, it } from "vitest";
import { sri, withIntegrity } from "../../build/integrity.ts";
import { deviceKey, endedKey, problemKey } from "../../src/problems.ts";
import { Api } from "../../src/state/api.ts";
import { level, smooth } from "../../src/state/meter.ts";
import { parseRoute, roomPath } from "../../src/state/route.ts";
import { type Keep, preferredLanguage, readSession, readSettings, writeSession, writeSettings } from "../../src/state/settings.ts";
import { initials } from "../../src/ui/Avatar.tsx";

describe("addresses", () => {
  it("name the pages", () => {
    expect(parseRoute("/", "")).toEqual({ page: "start" });
    expect(parseRoute("/m/budget-2027", "#s3")).toEqual({ page: "room", slug: "budget-2027", secret: "s3" });
    expect(parseRoute("/m/../etc", "")).toEqual({ page: "unknown" });
    expect(parseRoute("/m/%3Cscript%3E", "")).toEqual({ page: "unknown" });
  });

  it("are read from whatever people paste, on this site only", () => {
    const origin = "https://entente.example";
    expect(roomPath(" https://entente.example/m/budget#s3 ", origin)).toBe("/m/budget#s3");
    expect(roomPath("/m/budget", origin)).toBe("/m/budget");
    expect(roomPath("budget", origin)).toBe("/m/budget");
    expect(roomPath("https://elsewhere.example/m/budget", origin)).toBeNull();
    expect(roomPath("javascript:alert(1)", origin)).toBeNull();
    expect(roomPath("", origin)).toBeNull();
  });
});

describe("HTTP", () => {
  const api = (body: string, status = 200): Api => new Api(async () => new Response(body, { status }));
  const code = async (call: Promise<unknown>): Promise<string> => call.then(() => "none", (error: { code: string }) => error.code);

  it("reads what awaits whoever asks for a room, and takes an unknown word for the usual", async () => {
    const room = (more: object) => api(JSON.stringify({ slug: "a", title: "A", people: 0, guests: true, ...more })).room("a");
    expect(await room({ pin: true, tenant: "exemple", admission: "lobby" })).toMatchObject({ pin: true, tenant: "exemple", admission: "lobby" });
    expect(await room({ admission: "teleport" })).toMatchObject({ pin: false, admission: "direct" });
  });

  it("lists my rooms a page at a time, for me alone", async () => {
    const asked: [string, string | undefined][] = [];
    const page = { rooms: [{ slug: "a", title: "A", path: "/m/a#s", settings: {} }], next: "5-a" };
    const mine = new Api(async (path, init) => {
      asked.push([path, (init?.headers as Record<string, string>)["Authorization"]]);
      return new Response(JSON.stringify(page));
    });
    expect(await mine.ownRooms("s")).toEqual({ rooms: [{ slug: "a", title: "A", path: "/m/a#s" }], after: "5-a" });
    await mine.ownRooms("s", "5-a");
    expect(asked).toEqual([["/api/rooms", "Bearer s"], ["/api/rooms?after=5-a", "Bearer s"]]);
  });

  it("turns refusals, nonsense and silence into codes", async () => {
    expect(await code(api('{"code":"rate_limited"}', 429).config())).toBe("rate_limited");
    expect(await code(api("<html>", 502).config())).toBe("network");
    expect(await code(api("<html>").config())).toBe("malformed");
    expect(await code(api('{"product":7}').config())).toBe("malformed");
    expect(await code(new Api(async () => Promise.reject(new TypeError())).config())).toBe("network");
  });

  it("lets only a plain colour reach a style", async () => {
    const tenant = { id: "a", name: "A", short: "A", colour: "red;background:url(//x)" };
    const config = await api(JSON.stringify({ product: "E", version: "1", deployment: "fr", tenants: [tenant] })).config();
    expect(config.tenants[0]?.colour).toBe("#6b7785");
    expect(config.development).toBe(false);
    expect(config.people).toEqual([]);
  });
});

describe("settings", () => {
  const keep = (): Keep & { map: Map<string, string> } => {
    const map = new Map<string, string>();
    return { map, getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value), removeItem: (key) => void map.delete(key) };
  };

  it("are kept, and nonsense is forgotten", () => {
    const store = keep();
    const settings = { ...readSettings(store, ["de-AT"]), theme: "dark" as const };
    expect(settings.language).toBe("de");
    writeSettings(store, settings);
    expect(readSettings(store, ["fr"])).toEqual(settings);
    store.map.set("entente.settings", "{{{");
    expect(readSettings(store, ["nl"]).language).toBe("nl");
  });

  it("work where storage is forbidden", () => {
    const refuse = (): never => {
      throw new Error("forbidden");
    };
    const store: Keep = { getItem: refuse, setItem: refuse, removeItem: refuse };
    const settings = readSettings(store, []);
    expect(settings.language).toBe("en");
    expect(() => writeSettings(store, settings)).not.toThrow();
  });

  it("keep the session of this tab, and forget it", () => {
    const store = keep();
    const session = { session: "s", person: { tenant: "t", subject: "u", name: "N" } };
    writeSession(store, session);
    expect(readSession(store)).toEqual(session);
    writeSession(store, null);
    expect(readSession(store)).toBeNull();
  });

  it("choose the first language both sides speak", () => {
    expect(preferredLanguage(["pl", "nl-BE", "fr"])).toBe("nl");
    expect(preferredLanguage(["pl"])).toBe("en");
  });
});

describe("words for codes", () => {
  it("have an honest general sentence for the unknown", () => {
    expect(problemKey("guests_refused")).toBe("problem.guests_refused");
    expect(problemKey("constructor")).toBe("problem.unknown");
    expect(endedKey("removed").title).toBe("ended.removed_title");
    expect(endedKey("resume_expired").title).toBe("ended.lost_title");
    expect(deviceKey("camera", "busy")).toBe("device.camera_busy");
  });
});

describe("the meter", () => {
  it("is still in silence and full at full scale", () => {
    expect(level(new Float32Array(64))).toBe(0);
    expect(level(new Float32Array(64).fill(1))).toBe(1);
    expect(level([])).toBe(0);
  });

  it("rises at once and falls slowly", () => {
    expect(smooth(0.2, 0.8, 0.1)).toBe(0.8);
    expect(smooth(0.8, 0.2, 0.1)).toBeCloseTo(0.64);
  });
});

describe("initials", () => {
  it("are found in any script", () => {
    expect(initials("Marc-Antoine de La Rochefoucauld")).toBe("MR");
    expect(initials("  Łucja ")).toBe("Ł");
    expect(initials("🙂 Bo Li")).toBe("BL");
    expect(initials("")).toBe("");
  });
});

describe("the built page", () => {
  const files = new Map([["assets/a.js", "code"]]);

  it("carries integrity on every script and style", () => {
    const page = withIntegrity('<script type="module" src="/assets/a.js"></script>', files);
    expect(page).toContain(`integrity="${sri("code")}"`);
    expect(page).toContain("crossorigin");
  });

  it("is refused when it holds something inline, foreign or unknown", () => {
    expect(() => withIntegrity("<script>alert(1)</script>", files)).toThrow(/inline/);
    expect(() => withIntegrity('<p style="color:red">', files)).toThrow(/inline style/);
    expect(() => withIntegrity('<script src="https://cdn.example/a.js"></script>', files)).toThrow(/foreign/);
    expect(() => withIntegrity('<link rel="stylesheet" href="/assets/b.css">', files)).toThrow(/not built/);
  });
});
