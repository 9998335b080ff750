// One anvil chain with the contracts on it, driven by plain JSON-RPC.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { AbiCoder, Interface, concat, getBytes, keccak256, toBeHex, zeroPadValue } from "ethers";
import { root, tool } from "../forge.mjs";

export const abi = AbiCoder.defaultAbiCoder();
const artifacts = new Map();

/** A committed artifact with its interface. */
export function artifact(name) {
  if (!artifacts.has(name)) {
    const json = JSON.parse(readFileSync(path.join(root, "artifacts", `${name}.json`), "utf8"));
    artifacts.set(name, { ...json, face: new Interface(json.abi) });
  }
  return artifacts.get(name);
}

/** Calldata gas by the price list of Istanbul and later: 16 and 4. */
export function calldataGas(data) {
  return getBytes(data).reduce((sum, b) => sum + (b === 0 ? 4 : 16), 0);
}

export class Chain {
  static async start(name, port, chainId, hardfork) {
    const child = spawn(
      tool("anvil"),
      ["--port", String(port), "--chain-id", String(chainId), "--hardfork", hardfork, "--silent",
        "--gas-limit", "60000000", "--accounts", "3"],
      { stdio: "ignore" },
    );
    const chain = new Chain(name, `http://127.0.0.1:${port}`, chainId, child);
    for (let i = 0; i < 100; i++) {
      try {
        [chain.owner, chain.user] = await chain.rpc("eth_accounts");
        return chain;
      } catch {
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    throw new Error("anvil does not answer");
  }

  constructor(name, url, chainId, child) {
    Object.assign(this, { name, url, chainId, child });
  }

  stop() {
    this.child.kill();
  }

  async rpc(method, ...params) {
    const response = await fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = await response.json();
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async transact(to, data, from = this.owner) {
    const hash = await this.rpc("eth_sendTransaction", {
      from, to, data, gas: toBeHex(50_000_000), gasPrice: toBeHex(2_000_000_000),
    });
    let receipt = null;
    for (let i = 0; receipt === null && i < 200; i++) {
      if (i) await new Promise((done) => setTimeout(done, 10));
      receipt = await this.rpc("eth_getTransactionReceipt", hash);
    }
    if (receipt.status !== "0x1") {
      const why = await this.rpc("eth_call", { from, to, data, gasPrice: toBeHex(2_000_000_000) }, "latest").catch(String);
      throw new Error(`${this.name}: transaction failed: ${why}`);
    }
    return { ...receipt, gas: Number(receipt.gasUsed), data };
  }

  async call(contract, to, method, args) {
    const { face } = artifact(contract);
    const data = face.encodeFunctionData(method, args);
    return face.decodeFunctionResult(
      method,
      await this.rpc("eth_call", { from: this.owner, to, data, gasPrice: toBeHex(2_000_000_000) }, "latest"),
    );
  }

  send(contract, to, method, args, from) {
    return this.transact(to, artifact(contract).face.encodeFunctionData(method, args), from);
  }

  async deploy(contract, args = []) {
    const { bytecode, face } = artifact(contract);
    const receipt = await this.transact(null, concat([bytecode.object, face.encodeDeploy(args)]));
    return receipt.contractAddress;
  }

  /** Deploys everything but the light client, in the order that the README names. */
  async deployStack() {
    this.factory = await this.deploy("Create2Factory");
    this.manager = await this.deploy("AccessManager", [this.owner]);
    const router = artifact("Router");
    const init = concat([router.bytecode.object, router.face.encodeDeploy([this.chainId, this.manager, 86_400])]);
    const salt = zeroPadValue("0x01", 32);
    await this.send("Create2Factory", this.factory, "deploy", [salt, init]);
    this.router = `0x${keccak256(concat(["0xff", this.factory, salt, keccak256(init)])).slice(26)}`;
    this.routerCodeHash = keccak256(await this.rpc("eth_getCode", this.router, "latest"));
    this.transfer = await this.deploy("ICS20Transfer", [this.router]);
    await this.send("Router", this.router, "addIBCApp(string,address)", ["transfer", this.transfer]);
    this.token = await this.deploy("DemoToken", [this.owner]);
  }

  /** Accounts and commitments beside those measured, so that the tries are as deep as in use. */
  async crowd(accounts, commitments) {
    const base = "0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600";
    for (let i = 1; i <= accounts; i++) {
      await this.rpc("anvil_setBalance", `0x${keccak256(toBeHex(i, 32)).slice(26)}`, "0x1");
    }
    for (let i = 1; i <= commitments; i++) {
      const slot = keccak256(concat([keccak256(toBeHex(i, 32)), base]));
      await this.rpc("anvil_setStorageAt", this.router, slot, keccak256(slot));
    }
    await this.rpc("evm_mine");
  }
}
