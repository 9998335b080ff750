// State tries of Substrate chains and packed proofs of their keys (docs/wire-formats.md, section 6).
import { blake2b } from "@noble/hashes/blake2b";
import { concat, getBytes, hexlify } from "ethers";

export const blake2 = (data) => hexlify(blake2b(getBytes(data), { dkLen: 32 }));
const nibbles = (key) => [...hexlify(key).slice(2)].map((c) => parseInt(c, 16));

/** A compact number below 2³⁰. */
export function compact(n) {
  if (n < 1 << 6) return new Uint8Array([n << 2]);
  if (n < 1 << 14) return new Uint8Array([((n << 2) | 1) & 0xff, n >> 6]);
  return new Uint8Array([((n << 2) | 2) & 0xff, (n >> 6) & 0xff, (n >> 14) & 0xff, (n >> 22) & 0xff]);
}
const prefixed = (bytes) => concat([compact(getBytes(bytes).length), bytes]);

/** The first bytes of a node: its form, the number of nibbles, the nibbles. */
function partial(form, bits, path) {
  const most = (1 << bits) - 1;
  const out = [form | Math.min(path.length, most)];
  if (path.length >= most) {
    let rest = path.length - most;
    for (; rest >= 255; rest -= 255) out.push(255);
    out.push(rest);
  }
  const padded = path.length % 2 ? [0, ...path] : path;
  for (let i = 0; i < padded.length; i += 2) out.push((padded[i] << 4) | padded[i + 1]);
  return new Uint8Array(out);
}

/** A trie over `[key, value]` pairs; values above 32 bytes are stored by their hash (state version 1). */
export class Trie {
  constructor(entries) {
    const sorted = entries.map(([key, value]) => ({ path: nibbles(key), value: hexlify(value) }));
    sorted.sort((a, b) => (hexlify(new Uint8Array(a.path)) < hexlify(new Uint8Array(b.path)) ? -1 : 1));
    this.root = build(sorted, 0);
    this.hash = blake2(this.root.bytes);
  }

  /** The listed nodes on the way to a key, its value if it is there, and that value's own item if it has one. */
  path(key) {
    const path = nibbles(key);
    const nodes = [];
    let node = this.root;
    for (let depth = 0; ; ) {
      if (node === this.root || getBytes(node.bytes).length >= 32) nodes.push(node.bytes);
      if (node.partial.some((n, i) => path[depth + i] !== n)) return { nodes };
      depth += node.partial.length;
      if (depth === path.length) return { nodes, value: node.value, item: node.hashed ? node.value : undefined };
      node = node.children?.[path[depth++]];
      if (!node) return { nodes };
    }
  }
}

function build(entries, depth) {
  const first = entries[0].path;
  let end = first.length;
  for (const { path } of entries) {
    let i = depth;
    while (i < end && path[i] === first[i]) i++;
    end = Math.min(end, i);
  }
  const node = { partial: first.slice(depth, end) };
  const own = entries.find((e) => e.path.length === end);
  if (own) {
    node.value = own.value;
    node.hashed = getBytes(own.value).length > 32;
  }
  const value = own ? (node.hashed ? blake2(own.value) : prefixed(own.value)) : "0x";
  if (entries.length === 1) {
    node.bytes = concat([node.hashed ? partial(0x20, 5, node.partial) : partial(0x40, 6, node.partial), value]);
    return node;
  }
  node.children = Array.from({ length: 16 }, (_, n) => {
    const below = entries.filter((e) => e.path[end] === n);
    return below.length ? build(below, end + 1) : null;
  });
  const bitmap = node.children.reduce((bits, child, n) => bits | (child ? 1 << n : 0), 0);
  const head = own ? (node.hashed ? partial(0x10, 4, node.partial) : partial(0xc0, 6, node.partial)) : partial(0x80, 6, node.partial);
  const children = node.children.filter(Boolean).map(({ bytes }) =>
    prefixed(getBytes(bytes).length < 32 ? bytes : blake2(bytes)));
  node.bytes = concat([head, new Uint8Array([bitmap & 0xff, bitmap >> 8]), value, ...children]);
  return node;
}

/** One packed proof of `keys`, in this order. */
export function pack(trie, keys) {
  const parts = [];
  let previous = [];
  for (const key of keys) {
    const { nodes, item } = trie.path(key);
    let shared = 0;
    while (shared < previous.length && shared < nodes.length && previous[shared] === nodes[shared]) shared++;
    const items = nodes.slice(shared).concat(item === undefined ? [] : [item]);
    parts.push(new Uint8Array([shared, items.length]));
    for (const each of items) {
      const { length } = getBytes(each);
      parts.push(new Uint8Array([length >> 8, length & 0xff]), each);
    }
    previous = nodes;
  }
  return concat(parts);
}
