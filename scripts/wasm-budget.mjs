// Refuses a wasm that outgrew its budget or that imports from anywhere but its own glue.
// The budget is what a person on a slow line waits for before the first meeting: 500 kB after brotli.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET_BYTES = 500_000;

const bytes = readFileSync(process.argv[2]);
const module = new WebAssembly.Module(bytes);
const foreign = WebAssembly.Module.imports(module).filter((entry) => !entry.module.startsWith("./e2ee_bg"));
if (foreign.length > 0) {
  console.error(`The wasm imports from outside its glue: ${foreign.map((entry) => `${entry.module}.${entry.name}`).join(", ")}`);
  process.exit(1);
}
const packed = brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
}).length;
console.log(`wasm: ${bytes.length} bytes, ${packed} after brotli (budget ${BUDGET_BYTES})`);
if (packed > BUDGET_BYTES) {
  console.error("The wasm is over its budget.");
  process.exit(1);
}
