// Compiles ProofReader.sol and StateReader.sol with the contracts' compiler and settings into a JSON file each,
// with the hash of the libraries' sources, by which the tests notice that one changed. With --check, compares
// instead of writing. Run: node tests/contracts/build.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const contracts = path.resolve(here, "../../adapters/evm/contracts");
const load = createRequire(path.join(contracts, "package.json"));
const solc = load("solc");
const { keccak256 } = load("js-sha3");
const check = process.argv.includes("--check");

/** Compiles `name`.sol over libraries of the contracts. */
function build(name, libraries) {
  const settings = {
    evmVersion: "berlin",
    viaIR: true,
    optimizer: { enabled: true, runs: 10_000 },
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { [name]: ["abi", "evm.bytecode.object"] } },
  };
  const file = `tests/contracts/${name}.sol`;
  const sources = { [file]: { content: readFileSync(path.join(here, `${name}.sol`), "utf8") } };
  const contents = libraries.map((library) => {
    const content = readFileSync(path.join(contracts, `src/lib/${library}.sol`));
    sources[`adapters/evm/contracts/src/lib/${library}.sol`] = { content: content.toString("utf8") };
    return content;
  });
  const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
  const errors = (output.errors ?? []).filter((e) => e.severity === "error");
  if (errors.length) {
    console.error(errors.map((e) => e.formattedMessage).join("\n"));
    process.exit(1);
  }
  const { abi, evm } = output.contracts[file][name];
  const artifact = {
    contractName: name,
    libraryHash: `0x${keccak256(Buffer.concat(contents))}`,
    abi,
    bytecode: { object: `0x${evm.bytecode.object}` },
  };
  const target = path.join(here, `${name}.json`);
  const text = `${JSON.stringify(artifact, null, 1)}\n`;
  if (!check) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error(`tests/contracts/${name}.json is not what the sources give: run node tests/contracts/build.mjs`);
    process.exitCode = 1;
  }
}

build("ProofReader", ["PackedProof"]);
build("StateReader", ["Blake2b", "Scale", "StateTrieProof", "SubstrateHeader"]);
