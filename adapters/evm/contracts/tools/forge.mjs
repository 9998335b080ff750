// Runs the forge binary of the npm package directly, from the contracts folder.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** A foundry tool: the npm package's for Linux on amd64, elsewhere the one of version 1.7.1 on the PATH. */
export function tool(name) {
  const file = path.join(root, "node_modules", "@foundry-rs", `${name}-linux-amd64`, "bin", name);
  if (existsSync(file)) return file;
  if (process.platform === "linux" && process.arch === "x64") throw new Error(`${file} is missing: run npm ci`);
  return name;
}

/** Runs forge; returns its exit code. */
export function forge(args, options = {}) {
  const run = spawnSync(tool("forge"), args, { cwd: root, stdio: "inherit", ...options });
  if (run.error) throw run.error;
  return run.status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(forge(process.argv.slice(2)));
