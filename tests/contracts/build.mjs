// Compiles ProofReader.sol with the contracts' compiler and settings into ProofReader.json, with the
// library's source hash, by which the tests notice that it changed. Run: node tests/contracts/build.mjs
// With --check nothing is written: it fails if ProofReader.json is not what would be.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const contracts = path.resolve(here, "../../adapters/evm/contracts");
const load = createRequire(path.join(contracts, "package.json"));
const solc = load("solc");
const { keccak256 } = load("js-sha3");
const settings = {
  evmVersion: "berlin",
  viaIR: true,
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { ProofReader: ["abi", "evm.bytecode.object"] } },
};
const library = readFileSync(path.join(contracts, "src/lib/PackedProof.sol"));
const sources = {
  "tests/contracts/ProofReader.sol": { content: readFileSync(path.join(here, "ProofReader.sol"), "utf8") },
  "adapters/evm/contracts/src/lib/PackedProof.sol": { content: library.toString("utf8") },
};
const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
const errors = (output.errors ?? []).filter((e) => e.severity === "error");
if (errors.length) {
  console.error(errors.map((e) => e.formattedMessage).join("\n"));
  process.exit(1);
}
const { abi, evm } = output.contracts["tests/contracts/ProofReader.sol"].ProofReader;
const artifact = {
  contractName: "ProofReader",
  libraryHash: `0x${keccak256(library)}`,
  abi,
  bytecode: { object: `0x${evm.bytecode.object}` },
};
const file = path.join(here, "ProofReader.json");
const text = `${JSON.stringify(artifact, null, 1)}\n`;
if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error("tests/contracts/ProofReader.json is out of date: node tests/contracts/build.mjs");
  process.exit(1);
}
