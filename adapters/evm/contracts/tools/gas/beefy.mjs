// A Substrate chain as far as a BEEFY client sees it: state, headers, MMR, commitments and who signs them.
import { concat, getBytes, keccak256, toBeHex, toUtf8Bytes, zeroPadValue } from "ethers";
import { abi } from "./chain.mjs";
import { path, validators } from "./qbft.mjs";
import { Trie, blake2, compact, pack } from "./trie.mjs";

const IBC = "0x65ccf20369c0dddad82d1003523ac48e"; // twox128 of the names
const COMMITMENTS = "0xca407206ec1ab726b2636c4b145ac287";
const ANCHOR = "0x8784f26f5ed58f49cab1d330d9cf2693";
const GENESIS = keccak256(toUtf8Bytes("genesis")).slice(0, 50);
const PREFIX = concat([IBC, COMMITMENTS]);

const little = (n, bytes) => getBytes(toBeHex(n, bytes)).reverse();
const filler = (name, i) => keccak256(concat([toUtf8Bytes(name), toBeHex(i, 4)]));
const threshold = (n) => n - Math.floor((n - 1) / 3);

/** The path that a router asks for, and the key in the trie. */
export function keyOf(client, kind, sequence) {
  const raw = path(client, kind, sequence);
  return { path: concat([PREFIX, raw]), key: concat([PREFIX, keccak256(raw)]) };
}

function merkle(row) {
  while (row.length > 1) {
    row = Array.from({ length: Math.ceil(row.length / 2) }, (_, i) =>
      2 * i + 1 < row.length ? keccak256(concat([row[2 * i], row[2 * i + 1]])) : row[2 * i]);
  }
  return row[0];
}

/** Peaks of an MMR from left to right, each with its rows from the leaves up. */
function peaks(leaves) {
  const out = [];
  for (let start = 0; start < leaves.length; ) {
    const size = 1 << (31 - Math.clz32(leaves.length - start));
    const rows = [leaves.slice(start, start + size)];
    while (rows.at(-1).length > 1) {
      const row = rows.at(-1);
      rows.push(Array.from({ length: row.length / 2 }, (_, i) => keccak256(concat([row[2 * i], row[2 * i + 1]]))));
    }
    out.push({ start, size, rows, root: rows.at(-1)[0] });
    start += size;
  }
  return out;
}
const bag = (roots) => roots.reduceRight((right, left) => keccak256(concat([right, left])));

function prove(leaves, index) {
  const all = peaks(leaves);
  const own = all.findIndex((p) => index < p.start + p.size);
  const { rows, start } = all[own];
  const siblings = rows.slice(0, -1).map((row, level) => row[((index - start) >> level) ^ 1]);
  const right = all.slice(own + 1).map((p) => p.root);
  return {
    root: bag(all.map((p) => p.root)),
    items: [...all.slice(0, own).map((p) => p.root), ...siblings, ...(right.length ? [bag(right)] : [])],
  };
}

export class SubstrateSource {
  /** `n` authorities, `commitments` packets sent, at a time in seconds and a block with `number - 1` before it. */
  constructor(n, commitments, client, time, number = 50_011) {
    this.set = { id: 7, list: validators(n, 5) };
    this.next = { id: 8, list: validators(n, 5) };
    Object.assign(this, { client, number, commitments, time });
    // Ten other pallets with two values each, and 300 accounts of 80 bytes.
    this.others = [];
    for (let i = 0; i < 20; i++) {
      const key = concat([filler("pallet", i >> 1).slice(0, 34), filler("item", i).slice(0, 34)]);
      this.others.push([key, filler("value", i)]);
    }
    for (let i = 0; i < 300; i++) {
      const key = concat([filler("pallet", 0).slice(0, 34), filler("account", 0).slice(0, 34), filler("id", i)]);
      this.others.push([key, concat([filler("a", i), filler("b", i), filler("c", i).slice(0, 34)])]);
    }
    this.leaves = Array.from({ length: number - 1 }, (_, i) => keccak256(toBeHex(i, 32)));
    this.state();
  }

  state() {
    const packets = Array.from({ length: this.commitments }, (_, i) => [keyOf(this.client, 1, i + 1).key, filler("packet", i)]);
    const anchor = concat([toBeHex(this.time, 8), GENESIS]);
    this.trie = new Trie([...this.others, ...packets, [concat([IBC, ANCHOR]), anchor]]);
  }

  root(set) {
    return merkle(set.list.map((v) => keccak256(v.address)));
  }

  authorities(set) {
    return [set.id, set.list.length, this.root(set)];
  }

  /** Constructor arguments of the light client: an anchor one block before what `update` proves. */
  anchor() {
    const state = [this.time - 6, keccak256("0x1234")];
    return [
      [GENESIS, IBC, 1, 604_800, 30, this.number - 2, state[0], false, this.authorities(this.set), this.authorities(this.next)],
      state,
    ];
  }

  /** `abi.encode(UpdateMessage)` that proves the state in the block before `number`; by the next set if `handover`. */
  update(handover = false) {
    const set = handover ? this.next : this.set;
    const following = handover ? { ...this.next, id: 9 } : this.next;
    const digest = [
      concat([new Uint8Array([6]), toUtf8Bytes("aura"), compact(8), little(298_333_333, 8)]),
      concat([new Uint8Array([4]), toUtf8Bytes("BEEF"), compact(33), "0x03", filler("mmr", 0)]),
      concat([new Uint8Array([5]), toUtf8Bytes("aura"), compact(64), filler("seal", 0), filler("seal", 1)]),
    ];
    const header = concat([filler("parent", 0), compact(this.number - 1), this.trie.hash, filler("extrinsics", 0), compact(3), ...digest]);
    const leaf = concat(["0x00", little(this.number - 1, 4), blake2(header), little(following.id, 8),
      little(following.list.length, 4), this.root(following), filler("extra", 0)]);
    const { root, items } = prove([...this.leaves, keccak256(leaf)], this.number - 1);
    const commitment = concat(["0x046d6880", root, little(this.number, 4), little(set.id, 8)]);
    const hash = keccak256(commitment);
    const signatures = set.list.slice(0, threshold(set.list.length)).map(({ key }, i) => {
      const s = key.sign(hash);
      return concat([new Uint8Array([i]), s.r, s.s, new Uint8Array([s.yParity])]);
    });
    const anchorProof = pack(this.trie, [concat([IBC, ANCHOR])]);
    return {
      message: abi.encode(["tuple(bytes,bytes,bytes,bytes,bytes,bytes,bytes)"],
        [[commitment, concat(set.list.map((v) => v.address)), concat(signatures), leaf, concat(items), header, anchorProof]]),
      signatures: signatures.length,
      header: getBytes(header).length,
      items: items.length,
      bytes: getBytes(anchorProof).length,
      nodes: this.trie.path(concat([IBC, ANCHOR])).nodes.length,
    };
  }

  height() {
    return [0, this.number - 1];
  }

  /** `abi.encode(MembershipProof)` of keys in the proven state, in the order given. */
  prove(keys) {
    const nodes = pack(this.trie, keys.map((k) => k.key));
    const paths = keys.map((k) => this.trie.path(k.key));
    return {
      proof: abi.encode(["tuple(tuple(uint64,bytes32),bytes)"], [[[this.time, this.trie.hash], nodes]]),
      bytes: getBytes(nodes).length,
      depth: Math.max(...paths.map((p) => p.nodes.length)),
      values: paths.map((p) => p.value ?? zeroPadValue("0x", 32)),
    };
  }
}

const byKey = (a, b) => (a.key < b.key ? -1 : 1);

/** Updates, presence and absence on `chain`; `row(name, receipt, per, goal, note)` makes a line. */
export async function beefyRows(chain, row) {
  const rows = [];
  const id = "bank.beefy-harbour";
  const send = (client, method, args) => chain.send("BeefyLightClient", client, method, args);
  const time = Number((await chain.rpc("eth_getBlockByNumber", "latest", false)).timestamp);
  const updates = [];
  for (const n of [4, 16, 32]) {
    const source = new SubstrateSource(n, n === 4 ? 1000 : 300, id, time);
    const client = await chain.deploy("BeefyLightClient", source.anchor());
    const snapshot = await chain.rpc("evm_snapshot");
    const handover = await send(client, "updateClient", [source.update(true).message]);
    await chain.rpc("evm_revert", snapshot);
    const { message, signatures, header, items, nodes, bytes } = source.update();
    const receipt = await send(client, "updateClient", [message]);
    updates.push({ gas: receipt.gas, signatures });
    rows.push(row(`BEEFY update, ${n} authorities`, receipt, 1, n === 4 ? 160_000 : undefined,
      `${signatures} signatures, ${items} MMR items, header ${header} B, anchor ${nodes} nodes, ${bytes} B`));
    rows.push(row(`BEEFY update, ${n} authorities, the next set signs`, handover, 1));
    if (n === 4) rows.push(...(await stateRows(source, client, send, row)));
  }
  const [, a, b] = updates;
  rows.perSignature = Math.round((b.gas - a.gas) / (b.signatures - a.signatures));

  for (const [packets, what, goal] of [[20, "20 packets", 52_000], [10_000, "10,000 packets", 80_000]]) {
    const source = new SubstrateSource(4, packets, id, time);
    const client = await chain.deploy("BeefyLightClient", source.anchor());
    await send(client, "updateClient", [source.update().message]);
    rows.push(...(await aloneRows(source, client, send, row, what, goal)));
  }
  return rows;
}

async function aloneRows(source, client, send, row, what, goal) {
  const sent = keyOf(source.client, 1, 7);
  const absent = keyOf(source.client, 2, 7);
  const one = source.prove([sent]);
  const none = source.prove([absent]);
  return [
    row(`state presence, alone, ${what}`,
      await send(client, "verifyMembership", [[one.proof, source.height(), [sent.path], one.values[0]]]),
      1, goal, `${one.depth} nodes, ${one.bytes} B`),
    row(`state absence, alone, ${what}`,
      await send(client, "verifyNonMembership", [[none.proof, source.height(), [absent.path]]]),
      1, goal, `${none.depth} nodes, ${none.bytes} B`),
  ];
}

async function stateRows(source, client, send, row) {
  const rows = await aloneRows(source, client, send, row, "1,000 packets", undefined);
  for (const n of [10, 50]) {
    for (const [what, kind] of [["presence", 1], ["absence", 2]]) {
      const keys = Array.from({ length: n }, (_, i) => keyOf(source.client, kind, i + 1)).sort(byKey);
      const many = source.prove(keys);
      const line = row(`state ${what}, batch of ${n}, 1,000 packets`,
        await send(client, "verifyBatch", [[many.proof, source.height(), keys.map((k) => k.path), many.values]]),
        n, 15_000, `${many.bytes} B`);
      rows.push({ ...line, further: (line.total - rows[kind - 1].total) / (n - 1) });
    }
  }
  return rows;
}
