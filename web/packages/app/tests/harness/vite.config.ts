/** Builds the app on the double, as strictly as the product, into the folder given by `--outDir`. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { integrity } from "../../build/integrity.ts";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  publicDir: fileURLToPath(new URL("../../public", import.meta.url)),
  plugins: [react(), integrity()],
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2023", chunkSizeWarningLimit: 800, emptyOutDir: true },
});
