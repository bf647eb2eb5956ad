/**
 * Which page an address names. The room's secret stands in the fragment, which browsers
 * never send to a server (K9.2), so it is read here and handed to the SDK, not to HTTP.
 */

export type Route =
  | { readonly page: "start" }
  | { readonly page: "room"; readonly slug: string; readonly secret: string }
  | { readonly page: "login" }
  | { readonly page: "me" }
  | { readonly page: "unknown" };

const SLUG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** The route of a path (with leading slash) and a fragment (with or without `#`). */
export function parseRoute(path: string, hash: string): Route {
  if (path === "/" || path === "/index.html") return { page: "start" };
  if (path === "/login") return { page: "login" };
  if (path === "/me") return { page: "me" };
  const match = /^\/m\/([^/]+)\/?$/.exec(path);
  const slug = match?.[1] ?? "";
  if (!SLUG.test(slug)) return { page: "unknown" };
  return { page: "room", slug, secret: hash.replace(/^#/, "") };
}

/**
 * What a person typed or pasted to name a room: a whole link, a path, or the short name.
 * Returns the path to go to, or null when it names no room of this site.
 */
export function roomPath(typed: string, origin: string): string | null {
  const text = typed.trim();
  if (SLUG.test(text)) return `/m/${text}`;
  let url: URL;
  try {
    url = new URL(text, origin);
  } catch {
    return null;
  }
  if (url.origin !== origin) return null;
  const route = parseRoute(url.pathname, url.hash);
  if (route.page !== "room") return null;
  return `/m/${route.slug}${route.secret ? `#${route.secret}` : ""}`;
}
