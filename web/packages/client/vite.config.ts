/**
 * Builds the SDK into `gateway/static/sdk`: `entente.js` for other people's pages, the key Worker, and the WASM beside it,
 * under names that do not change.
 */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { wasmIntegrity } from "./integrity.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig(({ command }) => ({
  base: "./",
  define: command === "build" ? wasmIntegrity() : {},
  build: {
    outDir: path("../../../gateway/static/sdk"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2023",
    rollupOptions: {
      input: { entente: path("src/index.ts"), "key-worker": path("src/worker/main.ts") },
      preserveEntrySignatures: "strict",
      output: {
        format: "es",
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
}));
