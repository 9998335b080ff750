// Compiles the contracts and writes artifacts/<Contract>.json. With --check, compares instead of writing.
import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import path from "node:path";
import { forge, root } from "./forge.mjs";

/** Contract → file under out/. The interfaces have no bytecode. */
const CONTRACTS = {
  AccessManager: "AccessManager.sol",
  BeefyCodec: "BeefyCodec.sol",
  BeefyLightClient: "BeefyLightClient.sol",
  BillOfLadingRegistry: "BillOfLadingRegistry.sol",
  ClearanceRegister: "ClearanceRegister.sol",
  Create2Factory: "Create2Factory.sol",
  DemoToken: "DemoToken.sol",
  GmpAccount: "GmpAccount.sol",
  ICS20Transfer: "ICS20Transfer.sol",
  ICS27Gmp: "ICS27Gmp.sol",
  IIBCApp: "IIBCApp.sol",
  ILightClientBatch: "ILightClient.sol",
  QbftLightClient: "QbftLightClient.sol",
  QbftCodec: "QbftCodec.sol",
  Router: "Router.sol",
  Voucher: "Voucher.sol",
};
const LIMIT = 24_576; // bytes of code a chain accepts (EIP-170)

const check = process.argv.includes("--check");
const code = forge(["build", "--skip", "test", "--quiet"]);
if (code !== 0) process.exit(code);

const dir = path.join(root, "artifacts");
mkdirSync(dir, { recursive: true });
let wrong = 0;
for (const [name, file] of Object.entries(CONTRACTS)) {
  const built = JSON.parse(readFileSync(path.join(root, "out", file, `${name}.json`), "utf8"));
  const settings = built.metadata?.settings ?? JSON.parse(built.rawMetadata).settings;
  const compiler = built.metadata?.compiler ?? JSON.parse(built.rawMetadata).compiler;
  const runtime = (built.deployedBytecode.object.length - 2) / 2;
  if (runtime > LIMIT) {
    console.error(`${name}: ${runtime} bytes of code, at most ${LIMIT} are allowed`);
    wrong++;
  }
  const text = `${JSON.stringify(
    {
      contractName: name,
      abi: built.abi,
      bytecode: { object: built.bytecode.object },
      deployedBytecode: { object: built.deployedBytecode.object },
      compiler: {
        version: compiler.version,
        evmVersion: settings.evmVersion,
        viaIR: settings.viaIR ?? false,
        optimizerRuns: settings.optimizer.runs,
      },
    },
    null,
    1,
  )}\n`;
  const target = path.join(dir, `${name}.json`);
  if (!check) writeFileSync(target, text);
  else if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
    console.error(`artifacts/${name}.json is not what the sources give: run npm run build`);
    wrong++;
  }
}
for (const file of readdirSync(dir)) {
  if (file.endsWith(".json") && CONTRACTS[file.slice(0, -5)] === undefined) {
    console.error(`artifacts/${file} belongs to no contract`);
    wrong++;
  }
}
if (wrong) process.exit(1);
console.log(`${Object.keys(CONTRACTS).length} artifacts ${check ? "are up to date" : "written"}`);
