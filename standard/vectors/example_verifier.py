#!/usr/bin/env python3
"""An example of a verifier that plugs into the suite: plain Python, nothing but its library.

It judges Merkle mountain ranges, BEEFY key sets, identifiers, the rule of receive, and the form of bundles.
Protocol: README.md, "Plug in a verifier".

    cargo xtask conformance --verifier python="python3 standard/vectors/example_verifier.py"
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import bundle_form  # noqa: E402
from generate import keccak as keccak256  # noqa: E402


def data(text):
    return bytes.fromhex(text[2:])


def mountains(count):
    """Heights of the peaks of so many leaves, the highest first."""
    return [h for h in reversed(range(count.bit_length())) if count >> h & 1]


def mmr(case):
    root, leaf, items = data(case["root"]), data(case["leaf"]), data(case["items"])
    index, count = case["index"], case["count"]
    if index >= count or len(items) % 32 or not any(root):
        return "InvalidMmrProof"
    items = [items[i:i + 32] for i in range(0, len(items), 32)]
    heights = mountains(count)
    own, first = 0, 0
    while index >= first + (1 << heights[own]):
        first += 1 << heights[own]
        own += 1
    right = own + 1 < len(heights)
    if len(items) != own + heights[own] + right:
        return "InvalidMmrProof"
    left, climb, rest = items[:own], items[own:own + heights[own]], items[own + heights[own]:]
    node, place = leaf, index - first
    for sibling in climb:
        node = keccak256(sibling + node) if place & 1 else keccak256(node + sibling)
        place >>= 1
    # Peaks are joined from the right: the hash of those to the right comes first.
    if right:
        node = keccak256(rest[0] + node)
    for peak in reversed(left):
        node = keccak256(node + peak)
    return "ok" if node == root else "InvalidMmrProof"


def keyset(case):
    joined = data(case["authorities"])
    row = [keccak256(joined[i:i + 20]) for i in range(0, len(joined), 20)]
    if len(joined) != 20 * case["len"] or not row:
        return "AuthoritySetMismatch"
    while len(row) > 1:
        pairs = [row[i:i + 2] for i in range(0, len(row), 2)]
        row = [keccak256(b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return "ok" if row[0] == data(case["root"]) else "AuthoritySetMismatch"


LENGTHS = {"client": (2, 128), "port": (2, 128), "chain": (2, 64), "custom-client": (4, 128)}
ALLOWED = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-#[]<>")


def identifier(case):
    value = data(case["bytes"])
    low, high = LENGTHS[case["kind"]]
    if not set(value) <= ALLOWED:
        return "Character"
    if not low <= len(value) <= high:
        return "Length"
    if case["kind"] == "custom-client" and value.startswith((b"client-", b"channel-")):
        return "Reserved"
    return "Ok"


def payloads_fit(case):
    sizes = case["payload_sizes"]
    count = len(sizes) == 1 if case["one_payload"] else len(sizes) >= 1
    return count and sum(sizes) <= 262_144


def receive(case):
    if case["source_client"] != case["counterparty"]:
        return "NotOurs"
    if not payloads_fit(case):
        return "Malformed"
    if case["receipt"]:
        return "Duplicate"
    return "Receive" if case["block_time"] < case["timeout_timestamp"] else "Expired"


KINDS = {
    "beefy/mmr": mmr,
    "beefy/keyset": keyset,
    "identifiers": identifier,
    "receive": receive,
    "bundles/format": bundle_form.judge,
}
GOOD = ("ok", "Ok", "Receive")


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        if "protocol" in asked:
            answer = {"kinds": sorted(KINDS)}
        else:
            check = KINDS[asked["kind"]](asked["case"])
            answer = {"verdict": "accept" if check in GOOD else "reject", "check": check}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
