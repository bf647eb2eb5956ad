/** Login by a provider: answers of the node, the way there and back, and whom the page takes one for. */

import { describe, expect, it } from "vitest";
import { Api } from "../../src/state/api.ts";
import { AppModel } from "../../src/state/app.ts";
import { discover, keepPlace, me, ownCertificates, providers, returnPath, startPath, takePlace } from "../../src/state/login.ts";
import type { Keep } from "../../src/state/settings.ts";

const keep = (): Keep => {
  const map = new Map<string, string>();
  return { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value), removeItem: (key) => void map.delete(key) };
};
const CONFIG = { product: "E", version: "1", deployment: "fr", tenants: [] };
const ADA = { tenant: "exemple", subject: "u-1", name: "Ada", assurance: "high" };

/** An API of made-up answers by path, and what was asked of it. */
function made(answers: Record<string, unknown>): { api: Api; asked: [string, RequestInit][] } {
  const asked: [string, RequestInit][] = [];
  const api = new Api(async (path, init = {}) => {
    asked.push([path, init]);
    return path in answers ? new Response(JSON.stringify(answers[path])) : new Response("{}", { status: 404 });
  });
  return { api, asked };
}

describe("who one is", () => {
  it("is what the cookie says, or nobody", async () => {
    expect((await me(made({ "/api/me": { person: ADA } }).api))?.person.name).toBe("Ada");
    expect((await me(made({ "/api/me": { person: { ...ADA, assurance: "royal" } } }).api))?.level).toBe("low");
    expect(await me(made({ "/api/me": { person: null } }).api)).toBeNull();
    await expect(me(made({ "/api/me": { person: 7 } }).api)).rejects.toThrow("malformed");
  });

  it("is asked for with the configuration, and a node that cannot say makes nobody of us", async () => {
    const model = new AppModel(made({ "/api/config": CONFIG, "/api/me": { person: ADA } }).api, keep(), keep(), ["en"]);
    await model.load();
    expect(model.store.getSnapshot().session?.session).toBeNull();
    const alone = new AppModel(made({ "/api/config": CONFIG }).api, keep(), keep(), ["en"]);
    await alone.load();
    expect(alone.store.getSnapshot()).toMatchObject({ session: null, problem: null });
  });

  it("ends at the provider too, at an address that a browser may go to", async () => {
    const out = async (redirect: unknown): Promise<string | null> => {
      const { api } = made({ "/api/config": CONFIG, "/api/me": { person: ADA }, "/api/login/logout": { redirect } });
      const model = new AppModel(api, keep(), keep(), ["en"]);
      await model.load();
      const target = await model.logout();
      expect(model.store.getSnapshot().session).toBeNull();
      return target;
    };
    expect(await out("https://login.example/end?x=1")).toBe("https://login.example/end?x=1");
    expect(await out(null)).toBeNull();
    expect(await out("javascript:alert(1)")).toBeNull();
  });
});

describe("the way to a provider", () => {
  it("is told by the address's domain, in the body and never in a URL", async () => {
    const found = { id: "p", name: "P", tenant: "exemple" };
    const { api, asked } = made({ "/api/login/discover": { provider: found }, "/api/login/providers": { providers: [found] } });
    expect(await discover(api, "ada@exemple.example")).toEqual(found);
    expect(asked[0]?.[0]).not.toContain("ada");
    expect(await providers(api)).toEqual([found]);
    expect(await discover(made({ "/api/login/discover": { provider: null } }).api, "x@y.example")).toBeNull();
  });

  it("leads back to pages of ours alone", () => {
    expect(startPath("p", "/m/budget")).toBe("/api/login/start?provider=p&return_to=%2Fm%2Fbudget");
    expect(startPath("p", "/me", "high")).toContain("level=high");
    for (const wrong of ["//evil.example", "https://evil.example", "/\\evil", "/m/a/b", "/api/x", null]) expect(returnPath(wrong)).toBe("/");
  });

  it("keeps the room's secret in this tab, for this page, once", () => {
    const tab = keep();
    keepPlace(tab, "/m/budget", "#s3cret");
    expect(takePlace(tab, "/m/other", "")).toBeNull();
    expect(takePlace(tab, "/m/budget", "")).toBe("#s3cret");
    expect(takePlace(tab, "/m/budget", "")).toBeNull();
    keepPlace(tab, "/m/budget", "#old");
    expect(takePlace(tab, "/m/budget", "#new")).toBeNull();
    keepPlace(tab, "/m/budget", "#<script>");
    expect(takePlace(tab, "/m/budget", "")).toBeNull();
  });
});

describe("certificates", () => {
  it("come page by page, and nonsense is refused", async () => {
    const one = { fingerprint: "ab", issued: 1, expires: 2, revoked: null };
    const { api, asked } = made({ "/api/me/certificates": { certificates: [one], before: "1-ab" }, "/api/me/certificates?before=1-ab": { certificates: [], before: null } });
    const page = await ownCertificates(api, "token", null);
    expect(page).toEqual({ certificates: [one], before: "1-ab" });
    expect(asked.map(([, init]) => init.headers)).toContainEqual({ Accept: "application/json", Authorization: "Bearer token" });
    expect((await ownCertificates(api, null, page.before)).before).toBeNull();
    const wrong = made({ "/api/me/certificates": { certificates: [{ ...one, issued: "1" }], before: null } });
    await expect(ownCertificates(wrong.api, null, null)).rejects.toThrow("malformed");
  });
});
