// Headers sealed as QBFT seals them, and packed proofs, for the state of an anvil chain.
import { SigningKey, concat, encodeRlp, getBytes, keccak256, toBeHex, toUtf8Bytes } from "ethers";
import { abi } from "./chain.mjs";

const MIX = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365";
const OMMERS = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
export const BASE = "0x1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600";
const scalar = (n) => (BigInt(n) === 0n ? "0x" : toBeHex(BigInt(n)));

/** `n` validators, ascending by address. */
export function validators(n, seed = 0) {
  const keys = Array.from({ length: n }, (_, i) => new SigningKey(keccak256(toBeHex(1000 * (seed + 1) + i, 32))));
  return keys
    .map((key) => ({ key, address: `0x${keccak256(`0x${key.publicKey.slice(4)}`).slice(26)}` }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

export const join = (set) => concat(set.map((v) => v.address));
export const quorum = (n) => Math.ceil((2 * n) / 3);

/** The raw header of 20 fields that the set seals for a block of the chain. */
export function header(block, set, signers = set.slice(0, quorum(set.length))) {
  const fields = (extra) => [
    block.parentHash, OMMERS, set[0].address, block.stateRoot, block.transactionsRoot, block.receiptsRoot,
    block.logsBloom, "0x01", scalar(block.number), scalar(60_000_000), scalar(block.gasUsed),
    scalar(block.timestamp), extra, MIX, "0x0000000000000000", "0x07", OMMERS, "0x", "0x", keccak256("0x"),
  ];
  const vanity = `0x${"00".repeat(32)}`;
  const addresses = set.map((v) => v.address);
  const digest = keccak256(encodeRlp(fields(encodeRlp([vanity, addresses, [], "0x", []]))));
  const sealed = signers.map(({ key }) => {
    const s = key.sign(digest);
    return concat([s.r, s.s, s.yParity ? "0x01" : "0x00"]);
  });
  return encodeRlp(fields(encodeRlp([vanity, addresses, [], "0x", sealed])));
}

/** Paths of nodes, one per key in the verifier's order, as one packed proof. */
export function pack(paths) {
  const parts = [];
  let previous = [];
  for (const path of paths) {
    let shared = 0;
    while (shared < previous.length && shared < path.length && previous[shared] === path[shared]) shared++;
    parts.push(new Uint8Array([shared, path.length - shared]), ...path.slice(shared));
    previous = path;
  }
  return concat(parts);
}

/** The storage slot of a raw path, and its key in the storage trie. */
export function slotOf(path) {
  const slot = keccak256(concat([keccak256(path), BASE]));
  return { slot, key: keccak256(slot) };
}

export function path(client, kind, sequence) {
  return concat([toUtf8Bytes(client), toBeHex(kind), toBeHex(sequence, 8)]);
}

/** A client of `source` for a set: anchor, updates and proofs. */
export class Source {
  constructor(chain, set) {
    Object.assign(this, { chain, set, validatorsHash: keccak256(join(set)), states: new Map() });
  }

  /** Constructor arguments of the light client: an anchor one block before the chain's newest. */
  async anchor() {
    const block = await this.chain.rpc("eth_getBlockByNumber", "latest", false);
    const height = Number(block.number) - 1;
    const state = [Number(block.timestamp), keccak256("0x1234"), this.validatorsHash];
    this.states.set(height, state);
    this.trusted = height;
    return [
      [0, this.chain.chainId, this.chain.router, this.chain.routerCodeHash, 604_800, 15, 2, 3, height, state[0], false],
      state,
    ];
  }

  /** `abi.encode(UpdateMessage)` to the newest block, sealed by the trusted set, or by `signers` of a `next` one. */
  async update(next, signers) {
    const { chain } = this;
    const block = await chain.rpc("eth_getBlockByNumber", "latest", false);
    const proof = await chain.rpc("eth_getProof", chain.router, [], block.number);
    const set = next ?? this.set;
    const height = Number(block.number);
    this.states.set(height, [Number(block.timestamp), proof.storageHash, keccak256(join(set))]);
    this.height = height;
    const message = abi.encode(
      ["tuple(bytes,uint64,tuple(uint64,bytes32,bytes32),bytes,bytes)"],
      [[header(block, set, signers), this.trusted, this.states.get(this.trusted), next ? join(this.set) : "0x", pack([proof.accountProof])]],
    );
    return { message, nodes: proof.accountProof.length, bytes: getBytes(concat(proof.accountProof)).length };
  }

  /** `abi.encode(MembershipProof)` of paths at the last updated height, in the order given. */
  async prove(paths) {
    const slots = paths.map((p) => slotOf(p).slot);
    const proof = await this.chain.rpc("eth_getProof", this.chain.router, slots, toBeHex(this.height));
    const nodes = pack(proof.storageProof.map((p) => p.proof));
    return {
      proof: abi.encode(["tuple(tuple(uint64,bytes32,bytes32),bytes)"], [[this.states.get(this.height), nodes]]),
      bytes: getBytes(nodes).length,
      depth: Math.max(...proof.storageProof.map((p) => p.proof.length)),
      values: proof.storageProof.map((p) => toBeHex(BigInt(p.value), 32)),
    };
  }
}
