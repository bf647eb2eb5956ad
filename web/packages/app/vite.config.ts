/**
 * Builds the app into `gateway/static/`, beside the SDK that `packages/client` puts there: hashed
 * files under `assets/`, integrity on every tag, nothing inline, nothing from elsewhere.
 */

import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { wasmIntegrity } from "../client/integrity.ts";
import { integrity } from "./build/integrity.ts";
import "./build/node20.ts";

const OUT = fileURLToPath(new URL("../../../gateway/static", import.meta.url));

/** Removes the previous build of the app only; the SDK's files stand in the same folder. */
function fresh(): Plugin {
  return {
    name: "entente-fresh",
    apply: "build",
    buildStart: () => rmSync(`${OUT}/assets`, { recursive: true, force: true }),
  };
}

export default defineConfig(({ command }) => ({
  // The SDK fetches its WASM with this hash; it is bundled into the app, so the app's build sets it.
  define: command === "build" ? wasmIntegrity() : {},
  plugins: [react(), fresh(), integrity()],
  worker: { format: "es" },
  build: {
    outDir: OUT,
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    chunkSizeWarningLimit: 800,
  },
}));
