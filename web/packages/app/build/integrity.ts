/**
 * A vite plugin: every script and style tag of the built page gets an `integrity` hash, and
 * modules that the entry imports are preloaded with theirs, so that no file is run unless it
 * is the one that was built. It runs last, over the final bytes.
 */

import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** The `integrity` value of some bytes (Subresource Integrity, SHA-384). */
export function sri(bytes: string | Uint8Array): string {
  return `sha384-${createHash("sha384").update(bytes).digest("base64")}`;
}

/**
 * The page with an integrity attribute on each tag that names a built file.
 * Throws when a script or stylesheet is inline or names a file that was not built.
 */
export function withIntegrity(html: string, files: ReadonlyMap<string, string | Uint8Array>): string {
  if (/<style[\s>]/.test(html) || /\sstyle=/.test(html)) throw new Error("the page holds an inline style");
  return html.replace(/<(script|link)\b([^>]*)>/g, (tag, name: string, attributes: string) => {
    const isLink = name === "link";
    if (isLink && !/rel="(stylesheet|modulepreload)"/.test(attributes)) return tag;
    const address = /(?:src|href)="\/([^"]+)"/.exec(attributes)?.[1];
    if (address === undefined) throw new Error(`inline or foreign ${name}: ${tag}`);
    const bytes = files.get(address);
    if (bytes === undefined) throw new Error(`${name} names a file that was not built: ${address}`);
    const open = /\scrossorigin\b/.test(attributes) ? attributes : `${attributes.replace(/\s*\/$/, "")} crossorigin`;
    return `<${name}${open} integrity="${sri(bytes)}">`;
  });
}

export function integrity(): Plugin {
  return {
    name: "entente-integrity",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const files = new Map<string, string | Uint8Array>();
        for (const [name, file] of Object.entries(bundle)) files.set(name, file.type === "chunk" ? file.code : file.source);
        for (const file of Object.values(bundle)) {
          if (file.type === "asset" && file.fileName.endsWith(".html")) {
            const html = typeof file.source === "string" ? file.source : new TextDecoder().decode(file.source);
            file.source = withIntegrity(html, files);
          }
        }
      },
    },
  };
}
