// Runs the forge binary of the npm package directly, from the contracts folder.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Path of a foundry tool for this platform. */
export function tool(name) {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const file = path.join(root, "node_modules", "@foundry-rs", `${name}-${process.platform}-${arch}`, "bin", name);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm ci in ${root}`);
  return file;
}

/** Runs forge; returns its exit code. */
export function forge(args, options = {}) {
  const run = spawnSync(tool("forge"), args, { cwd: root, stdio: "inherit", ...options });
  if (run.error) throw run.error;
  return run.status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(forge(process.argv.slice(2)));
