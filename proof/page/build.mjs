// node build.mjs WASM OUT: the page as one file, with the verifier in it, named by hash in its own policy.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [wasm, out] = process.argv.slice(2);
const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const script = read("page.js");
const parts = {
  SCRIPT_HASH: `sha256-${createHash("sha256").update(script).digest("base64")}`,
  STYLE: read("page.css"),
  WASM: readFileSync(wasm).toString("base64"),
  SCRIPT: script,
};
const page = read("index.html").replace(/@([A-Z_]+)@/g, (_, name) => parts[name]);
writeFileSync(out, page);
console.log(`${out}: ${page.length} bytes, ${readFileSync(wasm).length} of them the verifier before base64`);
