#!/usr/bin/env python3
"""Writes the vectors of this folder.

A second implementation of the standard, in plain Python without libraries, that shares nothing
with the Rust and Solidity code the vectors test: its own keccak, ABI encoder, protobuf writer and
JSON writer. Values that others published stand here as literals and are asserted.

    python3 generate.py          writes the files
    python3 generate.py --check  fails if a file differs from what would be written
"""

import base64
import hashlib
import json
import os
import sys

# --- hashes ---------------------------------------------------------------------------------

ROUND_CONSTANTS, ROTATIONS = [], [[0] * 5 for _ in range(5)]


def _keccak_tables():
    lfsr = 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        ROUND_CONSTANTS.append(constant)
    x, y = 1, 0
    for t in range(24):
        ROTATIONS[x][y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5


_keccak_tables()
MASK = (1 << 64) - 1


def _rotate(v, n):
    return ((v << n) | (v >> (64 - n))) & MASK if n else v


def _permute(a):
    for constant in ROUND_CONSTANTS:
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ _rotate(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = _rotate(a[x][y], ROTATIONS[x][y])
        a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & MASK & b[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    return a


def keccak(data):
    rate = 136
    data = bytearray(data) + b"\x01"
    data += b"\x00" * (-len(data) % rate)
    data[-1] |= 0x80
    a = [[0] * 5 for _ in range(5)]
    for start in range(0, len(data), rate):
        for i in range(rate // 8):
            lane = data[start + 8 * i : start + 8 * i + 8]
            a[i % 5][i // 5] ^= int.from_bytes(lane, "little")
        a = _permute(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def sha(data):
    return hashlib.sha256(data).digest()


def h(data):
    return "0x" + data.hex()


assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
assert keccak(b"client-0").hex() == "39f4d2028f003db1ecbf5bf3649c5c8a57d04e1882d85711b341cc01a56dbc16"

# --- encodings ------------------------------------------------------------------------------


def word(n):
    return n.to_bytes(32, "big")


def dynamic(kind):
    return kind in ("string", "bytes") or kind[0] == "array" or kind[0] == "tuple" and any(map(dynamic, kind[1]))


def abi(kind, value):
    """The ABI encoding of one value, without an offset in front."""
    if kind == "uint":
        return word(value)
    if kind in ("string", "bytes"):
        value = value.encode() if isinstance(value, str) else value
        return word(len(value)) + value + b"\x00" * (-len(value) % 32)
    if kind[0] == "array":
        return word(len(value)) + abi(("tuple", [kind[1]] * len(value)), value)
    head, tail = b"", b""
    size = sum(32 if dynamic(k) else len(abi(k, v)) for k, v in zip(kind[1], value))
    for k, v in zip(kind[1], value):
        encoded = abi(k, v)
        if dynamic(k):
            head += word(size + len(tail))
            tail += encoded
        else:
            head += encoded
    return head + tail


def abi_encode(kind, value):
    """abi.encode(value) of one value."""
    return abi(("tuple", [kind]), [value])


PAYLOAD_ABI = ("tuple", ["string", "string", "string", "string", "bytes"])
PACKET_ABI = ("tuple", ["uint", "string", "string", "uint", ("array", PAYLOAD_ABI)])
ICS20_ABI = ("tuple", ["string", "string", "string", "uint", "string"])
GMP_ABI = ("tuple", ["string", "string", "bytes", "bytes", "string"])
RESULT_ABI = ("tuple", ["bytes"])


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def proto(*fields):
    """Length-delimited fields 1, 2, …; empty ones left out."""
    out = b""
    for number, value in enumerate(fields, 1):
        value = value.encode() if isinstance(value, str) else value
        if value:
            out += bytes([number << 3 | 2]) + varint(len(value)) + value
    return out


def quote(text):
    """A JSON string as Go's encoding/json writes it."""
    out = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return out.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def obj(*fields):
    return ("{" + ",".join(quote(k) + ":" + v for k, v in fields) + "}").encode()


# --- the standard ---------------------------------------------------------------------------

UNIVERSAL_ERROR = sha(b"UNIVERSAL_ERROR_ACKNOWLEDGEMENT")
assert UNIVERSAL_ERROR.hex() == "4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab"
SUCCESS = b'{"result":"AQ=="}'
ABI, JSON, PROTOBUF = "application/x-solidity-abi", "application/json", "application/x-protobuf"
KINDS = {"commitment": 1, "receipt": 2, "acknowledgement": 3}
U64 = 2**64 - 1


def payload_hash(p):
    return sha(b"".join(sha(x.encode() if isinstance(x, str) else x) for x in p))


def commit_packet(destination, timeout, payloads):
    body = sha(b"".join(map(payload_hash, payloads)))
    return sha(b"\x02" + sha(destination.encode()) + sha(timeout.to_bytes(8, "big")) + body)


def commit_ack(acks):
    return sha(b"\x02" + b"".join(map(sha, acks)))


def path(client, kind, sequence):
    return client.encode() + bytes([KINDS[kind]]) + sequence.to_bytes(8, "big")


def erc7201(namespace):
    base = keccak(word((int.from_bytes(keccak(namespace.encode()), "big") - 1) % 2**256))
    return base[:31] + b"\x00"


STORE = erc7201("ibc.storage.IBCStore")
assert STORE.hex() == "1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600"


def slot(raw_path):
    return keccak(keccak(raw_path) + STORE)


def ics20_abi(denom, sender, receiver, amount, memo):
    return abi_encode(ICS20_ABI, [denom, sender, receiver, amount, memo])


def ics20_json(denom, sender, receiver, amount, memo):
    fields = [("denom", quote(denom)), ("amount", quote(str(amount))), ("sender", quote(sender))]
    fields.append(("receiver", quote(receiver)))
    return obj(*fields, *([("memo", quote(memo))] if memo else []))


def ics20_proto(denom, sender, receiver, amount, memo):
    return proto(denom, str(amount), sender, receiver, memo)


# --- files ----------------------------------------------------------------------------------

FILES = {}


def write(name, about, cases):
    names = [c["name"] for c in cases]
    assert len(set(names)) == len(names), (name, sorted(n for n in names if names.count(n) > 1))
    FILES[name] = {"about": about, "count": len(cases), "cases": cases}


GO = "ibc-go modules/core/04-channel/v2/types/commitment_test.go"
SOL = "ICS24HostTest of the Solidity implementation"
OURS = "this folder's generate.py"


def commitments():
    cases = []

    def case(name, source, sequence, source_client, destination, timeout, payloads, expected=None):
        commitment = commit_packet(destination, timeout, payloads)
        assert expected is None or commitment.hex() == expected, name
        keys = ["source_port", "destination_port", "version", "encoding", "value"]
        receipt = keccak(abi_encode(PACKET_ABI, [sequence, source_client, destination, timeout, payloads]))
        cases.append({
            "name": name, "source": source, "sequence": sequence, "source_client": source_client,
            "destination_client": destination, "timeout_timestamp": timeout,
            "payloads": [dict(zip(keys, [*p[:4], h(p[4])])) for p in payloads],
            "payload_hashes": [h(payload_hash(p)) for p in payloads],
            "commitment": h(commitment), "evm_receipt": h(receipt),
        })

    data = ("uatom", "sender", "receiver", 1000000, "memo")
    value = b'{"denom":"uatom","amount":"1000000","sender":"sender","receiver":"receiver","memo":"memo"}'
    assert value == ics20_json(*data)
    published = [("transfer", "transfer", "ics20-1", JSON, value)]
    case("published-json", GO, 1, "07-tendermint-0", "07-tendermint-1", 100, published,
         "a096722aa6534040a0efbdae05765132a7b223ad306d6512f3734821bd046505")
    value = ics20_abi(*data)
    assert len(value) == 448
    published = [("transfer", "transfer", "ics20-1", ABI, value)]
    case("published-abi", SOL, 1, "07-tendermint-0", "07-tendermint-1", 100, published,
         "d408dca5088b9b375edb3c4df6bae0e18084fc0dbd90fcd0d028506553c81b25")
    one = ("transfer", "transfer", "ics20-1", ABI, ics20_abi("0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20, 100000, ""))
    two = ("gmpport", "gmpport", "ics27-2", ABI, abi_encode(GMP_ABI, ["0x" + "22" * 20, "0x" + "33" * 20, b"", b"\x01\x02", ""]))
    case("one-payload", OURS, 7, "bank.qbft-harbour", "harbour.qbft-bank", 1735689600, [one])
    case("two-payloads", OURS, 7, "bank.qbft-harbour", "harbour.qbft-bank", 1735689600, [one, two])
    case("two-payloads-swapped", OURS, 7, "bank.qbft-harbour", "harbour.qbft-bank", 1735689600, [two, one])
    case("same-payload-twice", OURS, 7, "bank.qbft-harbour", "harbour.qbft-bank", 1735689600, [one, one])
    case("source-and-sequence-not-committed", OURS, 8, "other-source", "harbour.qbft-bank", 1735689600, [one])
    case("empty-value", OURS, 1, "client-0", "client-1", 1735689600, [("transfer", "transfer", "ics20-1", JSON, b"")])
    case("empty-version-and-encoding", OURS, 1, "client-0", "client-1", 1735689600, [("transfer", "transfer", "", "", b"")])
    case("field-borders", OURS, 1, "client-0", "client-1", 1735689600, [("transfe", "rtransfer", "ics20-1", JSON, b"")])
    case("timeout-zero", OURS, 1, "client-0", "client-1", 0, [("transfer", "transfer", "ics20-1", JSON, b"{}")])
    case("largest-numbers", OURS, U64, "client-0", "client-1", U64, [("transfer", "transfer", "ics20-1", JSON, b"{}")])
    case("shortest-identifiers", OURS, 1, "c0", "c1", 100, [("p0", "p1", "1", "e", b"\x00")])
    case("longest-identifiers", OURS, 1, "a" * 128, "b" * 128, 100,
         [("p" * 128, "q" * 128, "v" * 128, "e" * 128, bytes(i % 256 for i in range(1024)))])
    case("all-identifier-characters", OURS, 1, "A.b_C+d-E#f[G]h<I>0", "z9", 100, [("a.b_c+d-e#[f]<g>", "P0", "ics20-1", JSON, b"{}")])
    case("text-outside-ascii", OURS, 1, "client-0", "client-1", 100, [("transfer", "transfer", "版本-é", "encodage/é", b"\xff\xfe")])
    case("seventeen-payloads", OURS, 1, "client-0", "client-1", 100,
         [("port-%d" % i, "port-%d" % (i + 1), "v", "e", bytes([i]) * i) for i in range(17)])
    write("commitments.json", "Packets, their payload hashes, commitments and EVM receipts.", cases)


def paths():
    cases = []

    def case(name, source, client, sequence, kind, expected=None):
        raw = path(client, kind, sequence)
        case = {"name": name, "source": source, "client": client, "sequence": sequence, "kind": kind, "path": h(raw),
                "keccak": h(keccak(raw)), "evm_slot": h(slot(raw)), "trie_key": h(keccak(slot(raw)))}
        for key, value in (expected or {}).items():
            assert case[key] == "0x" + value, (name, key)
        cases.append(case)

    case("known-commitment", OURS, "client-0", 1, "commitment", {
        "path": "636c69656e742d30010000000000000001",
        "keccak": "3afaf5ccd0f14678af1f261cb9a12a7fd4d3798178b94cb5d9d975d08e1829d8",
        "evm_slot": "79a5307f4993e7eb3894d3aafa592f86bb1b605ca1a506e595f1874343b9a987",
        "trie_key": "a287d677702dce95d38c217d40bba4861383f262d561c3061c6d304846881db0"})
    case("known-receipt", OURS, "client-0", 1, "receipt", {
        "evm_slot": "453d813aa9a6ebc4d56f75f654ce2d9ff3a77589ccc61150cd21014f1960005b"})
    case("known-acknowledgement", OURS, "client-0", 1, "acknowledgement")
    case("channel-style", OURS, "channel-0", 1, "commitment", {"path": "6368616e6e656c2d30010000000000000001"})
    for kind in KINDS:
        case("consortium-" + kind, OURS, "harbour.qbft-bank", 258, kind)
        case("largest-sequence-" + kind, OURS, "client-1", U64, kind)
        case("longest-client-" + kind, OURS, "c" * 128, 2**32, kind)
    case("shortest-client", OURS, "c0", 256, "commitment")
    write("paths.json", "Store paths, their keccak256, the router's storage slot and the key in its storage trie.", cases)


def evm_storage():
    cases = []
    for namespace, expected in [
        ("ibc.storage.IBCStore", "1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600"),
        ("ibc.storage.ICS26Router", "c5779f3c2c21083eefa6d04f6a698bc0d8c10db124ad5e0df6ef394b6d7bf600"),
        ("ibc.storage.ICS02Client", "515a8336edcaab4ae6524d41223c1782132890f89189ba6632107a7b5a449600"),
        ("ibc.storage.ICS20Transfer", "823f7a8ea9ae6df0eb03ec5e1682d7a2839417ad8a91774118e6acf2e8d2f800"),
    ]:
        assert erc7201(namespace).hex() == expected
        cases.append({"name": "base-" + namespace.rsplit(".", 1)[1], "kind": "namespace", "text": namespace, "slot": "0x" + expected})
    counter = word(int.from_bytes(STORE, "big") + 1)
    for client in ["client-0", "c0", "harbour.qbft-bank", "bank.qbft-harbour", "c" * 128]:
        name = client if len(client) < 32 else "longest-client"
        cases.append({"name": "previous-sequence-" + name, "kind": "previous-sequence", "text": client,
                      "slot": h(keccak(client.encode() + counter))})
        cases.append({"name": "topic-" + name, "kind": "topic", "text": client, "slot": h(keccak(client.encode()))})
    write("evm_storage.json", "ERC-7201 bases, slots of the last sent sequence, topics of indexed client identifiers.", cases)


def acknowledgements():
    cases = []

    def case(name, source, acks, payloads, check, expected=None):
        commitment = commit_ack(acks)
        assert expected is None or commitment.hex() == expected, name
        cases.append({"name": name, "source": source, "acknowledgements": [h(a) for a in acks], "payloads": payloads,
                      "check": check, "commitment": h(commitment)})

    case("published-some-bytes", GO, [b"some bytes"], 1, "Success", "f03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b")
    case("published-universal-error", GO, [UNIVERSAL_ERROR], 1, "Failure",
         "e2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7")
    case("transfer-success", OURS, [SUCCESS], 1, "Success")
    case("message-success", OURS, [abi_encode(RESULT_ABI, [b"\x2a" * 32])], 1, "Success")
    case("one-zero-byte", OURS, [b"\x00"], 1, "Success")
    case("two-of-two", OURS, [SUCCESS, b"\x01"], 2, "Success")
    case("two-of-two-swapped", OURS, [b"\x01", SUCCESS], 2, "Success")
    case("error-for-two", OURS, [UNIVERSAL_ERROR], 2, "Failure")
    case("error-text-itself", OURS, [b"UNIVERSAL_ERROR_ACKNOWLEDGEMENT"], 1, "Success")
    case("error-with-a-byte-more", OURS, [UNIVERSAL_ERROR + b"\x00"], 1, "Success")
    case("none", OURS, [], 1, "Count")
    case("none-for-none", OURS, [], 0, "Count")
    case("one-for-two", OURS, [SUCCESS], 2, "Count")
    case("two-for-one", OURS, [SUCCESS, SUCCESS], 1, "Count")
    case("empty", OURS, [b""], 1, "Empty")
    case("second-empty", OURS, [SUCCESS, b""], 2, "Empty")
    case("error-among-two", OURS, [SUCCESS, UNIVERSAL_ERROR], 2, "MixedError")
    case("error-twice", OURS, [UNIVERSAL_ERROR, UNIVERSAL_ERROR], 2, "MixedError")
    write("acknowledgements.json", "Lists of acknowledgements for packets of `payloads` payloads: what they are, their commitment.", cases)


def identifiers():
    cases = []

    def case(name, kind, value, check):
        value = value.encode() if isinstance(value, str) else value
        text = value.decode("ascii", "replace").replace("\ufffd", "?").replace("\x00", "?")
        cases.append({"name": kind + "-" + name, "kind": kind, "text": text, "bytes": h(value), "valid": check == "Ok", "check": check})

    for kind in ["client", "port", "chain"]:
        longest = 64 if kind == "chain" else 128
        case("empty", kind, "", "Length")
        case("one-byte", kind, "a", "Length")
        case("two-bytes", kind, "ab", "Ok")
        case("longest", kind, "a" * longest, "Ok")
        case("too-long", kind, "a" * (longest + 1), "Length")
        case("all-characters", kind, "AZaz09._+-#[]<>", "Ok")
        for what, c in [("slash", "/"), ("space", " "), ("colon", ":"), ("at", "@"), ("backslash", "\\"), ("quote", '"'),
                        ("comma", ","), ("equals", "="), ("newline", "\n"), ("nul", "\0"), ("delete", "\x7f")]:
            case(what, kind, "client" + c + "0", "Character")
        case("leading-space", kind, " client-0", "Character")
        case("accent", kind, "clié", "Character")
        case("full-width", kind, "ｃｌ", "Character")
        case("not-utf8", kind, b"ab\xff", "Character")
    case("automatic", "client", "client-0", "Ok")
    case("tendermint", "client", "07-tendermint-1", "Ok")
    case("address", "port", "0x" + "ab" * 20, "Ok")
    case("consortium", "custom-client", "harbour.qbft-bank", "Ok")
    case("four-bytes", "custom-client", "abcd", "Ok")
    case("three-bytes", "custom-client", "abc", "Length")
    case("longest", "custom-client", "a" * 128, "Ok")
    case("too-long", "custom-client", "a" * 129, "Length")
    case("automatic", "custom-client", "client-0", "Reserved")
    case("automatic-word", "custom-client", "client-harbour", "Reserved")
    case("channel", "custom-client", "channel-7", "Reserved")
    case("client-without-dash", "custom-client", "client0", "Ok")
    case("upper-case-client", "custom-client", "Client-0", "Ok")
    case("character", "custom-client", "harbour/bank", "Character")
    write("identifiers.json", "Identifiers by kind; `custom-client` are those that governance may give to a client.", cases)


def ics20():
    cases = []
    empty = {"denom": "", "sender": "", "receiver": "", "amount": "0", "memo": ""}
    keys = ["denom", "sender", "receiver", "amount", "memo"]

    def good(name, encoding, value, data, canonical=True):
        fields = dict(zip(keys, [str(x) for x in data]))
        cases.append({"name": name, "encoding": encoding, "value": h(value), "valid": True, "canonical": canonical, "check": "Ok", **fields})

    def bad(name, encoding, value, check):
        cases.append({"name": name, "encoding": encoding, "value": h(value), "valid": False, "canonical": False, "check": check, **empty})

    token, alice, bob = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20
    data = {
        "published": ("uatom", "sender", "receiver", 1000000, "memo"),
        "token": (token, alice, bob, 100000, ""),
        "voucher": ("transfer/harbour.qbft-bank/" + token, bob, alice, 1, ""),
        "largest-amount": (token, alice, bob, 2**256 - 1, ""),
        "long-memo": (token, alice, bob, 5, "m" * 200),
        "memo-of-31": (token, alice, bob, 5, "m" * 31),
        "memo-of-32": (token, alice, bob, 5, "m" * 32),
        "memo-of-33": (token, alice, bob, 5, "m" * 33),
        "memo-with-json": (token, alice, bob, 5, '{"k":"a<b>&\\c\n\t\u2028"}'),
        "memo-of-other-letters": (token, alice, bob, 5, "提单 №1 – é 🚢"),
        "memo-with-controls": (token, alice, bob, 5, "\x00\x01\x08\x0c\r\x1f\x7f"),
    }
    for name, d in data.items():
        good("abi-" + name, ABI, ics20_abi(*d), d)
        good("json-" + name, JSON, ics20_json(*d), d)
        good("protobuf-" + name, PROTOBUF, ics20_proto(*d), d)

    d = data["published"]
    e = ics20_abi(*d)
    strings = [abi("string", d[0]), abi("string", d[1]), abi("string", d[2]), abi("string", d[4])]
    bad("abi-empty", ABI, b"", "Abi")
    bad("abi-trailing-word", ABI, e + word(0), "Abi")
    bad("abi-trailing-byte", ABI, e + b"\x00", "Abi")
    bad("abi-last-byte-missing", ABI, e[:-1], "Abi")
    bad("abi-last-word-missing", ABI, e[:-32], "Abi")
    bad("abi-without-outer-offset", ABI, e[32:], "Abi")
    bad("abi-outer-offset-skips-a-word", ABI, word(64) + word(0) + e[32:], "Abi")
    bad("abi-outer-offset-huge", ABI, word(2**256 - 1) + e[32:], "Abi")
    head = lambda offsets: b"".join(word(offsets[i]) for i in (0, 1, 2)) + word(d[3]) + word(offsets[3])
    assert e == word(32) + head([160, 224, 288, 352]) + b"".join(strings)
    bad("abi-tails-in-another-order", ABI, word(32) + head([352, 288, 224, 160]) + b"".join(reversed(strings)), "Abi")
    bad("abi-two-strings-share-a-tail", ABI, word(32) + head([160, 224, 224, 352]) + b"".join(strings), "Abi")
    bad("abi-gap-between-tails", ABI, word(32) + head([192, 256, 320, 384]) + word(0) + b"".join(strings), "Abi")
    bad("abi-offset-past-the-end", ABI, word(32) + head([160, 224, 288, 4096]) + b"".join(strings), "Abi")
    bad("abi-offset-of-2-to-64", ABI, word(32) + head([160, 224, 288, 2**64]) + b"".join(strings), "Abi")
    dirty = bytearray(e)
    dirty[-1] = 1
    bad("abi-dirty-padding", ABI, bytes(dirty), "Abi")
    bad("abi-length-past-the-end", ABI, e[:-64] + word(33) + e[-32:], "Abi")
    bad("abi-length-of-2-to-255", ABI, e[:-64] + word(2**255) + e[-32:], "Abi")
    bad("abi-not-utf8", ABI, e[:-32] + b"\xff\xfe\xfd\xfc" + bytes(28), "Utf8")
    bad("abi-zero-amount", ABI, ics20_abi(d[0], d[1], d[2], 0, d[4]), "ZeroAmount")
    for i, key in enumerate(keys[:3]):
        lacking = tuple("" if j == i else x for j, x in enumerate(d))
        bad("abi-empty-" + key, ABI, ics20_abi(*lacking), "Empty")
        bad("json-empty-" + key, JSON, ics20_json(*lacking), "Empty")
        bad("protobuf-no-" + key, PROTOBUF, ics20_proto(*lacking), "Empty")

    j = ics20_json(*d).decode()
    good("json-fields-in-another-order", JSON,
         b'{"amount":"1000000","denom":"uatom","memo":"memo","receiver":"receiver","sender":"sender"}', d, False)
    good("json-with-space", JSON, b" " + j.replace(",", " ,\r\n\t").replace(":", " : ").encode() + b"\n", d, False)
    good("json-with-escapes", JSON, j.replace("uatom", "u\\u0061tom").replace('"memo":', '"\\u006demo":').encode(), d, False)
    good("json-with-an-empty-memo", JSON, j.replace('"memo":"memo"', '"memo":""').encode(), (*d[:4], ""), False)
    good("json-with-a-surrogate-pair", JSON, j.replace('"memo":"memo"', '"memo":"\\ud83d\\udea2"').encode(), (*d[:4], "🚢"), False)
    for name, text in [
        ("empty", ""), ("null", "null"), ("a-string", '"x"'), ("an-array", '["uatom","1000000","sender","receiver","memo"]'),
        ("empty-object", "{}"), ("unknown-field", j[:-1] + ',"fee":"1"}'), ("repeated-field", j[:-1] + ',"denom":"uatom"}'),
        ("repeated-field-escaped", j[:-1] + ',"d\\u0065nom":"uatom"}'), ("upper-case-field", j.replace("denom", "Denom")),
        ("no-denom", j.replace('"denom":"uatom",', "")), ("no-amount", j.replace('"amount":"1000000",', "")),
        ("no-sender", j.replace('"sender":"sender",', "")), ("no-receiver", j.replace('"receiver":"receiver",', "")),
        ("amount-as-number", j.replace('"1000000"', "1000000")), ("null-memo", j.replace('"memo"}', "null}")),
        ("object-memo", j.replace('"memo"}', "{}}")), ("trailing-letter", j + "x"), ("trailing-document", j + j), ("trailing-nul", j + "\0"),
        ("trailing-comma", j[:-1] + ",}"), ("leading-comma", "{," + j[1:]), ("no-comma", j.replace(",", " ", 1)),
        ("byte-order-mark", "\ufeff" + j), ("comment", "/**/" + j), ("single-quotes", j.replace('"', "'")),
        ("lone-surrogate", j.replace("uatom", "\\ud800")), ("bad-escape", j.replace("uatom", "\\x61")),
        ("raw-newline", j.replace("uatom", "ua\ntom")), ("end-in-string", j[:-3]), ("end-in-escape", '{"denom":"\\'), ("end-in-object", j[:-1]),
    ]:
        bad("json-" + name, JSON, text.encode(), "Json")
    bad("json-not-utf8", JSON, j.encode().replace(b"uatom", b"u\xfftom"), "Json")
    amounts = [("empty", ""), ("zero", "0"), ("zeros", "00"), ("leading-zero", "01"), ("plus", "+1"), ("minus", "-1"), ("fraction", "1.0"),
               ("exponent", "1e3"), ("space-before", " 1"), ("space-after", "1 "), ("hex", "0x1"), ("underscore", "1_000"), ("comma", "1,000"),
               ("too-large", str(2**256)), ("far-too-large", "9" * 200), ("other-digits", "١")]
    for name, amount in amounts:
        bad("json-amount-" + name, JSON, j.replace("1000000", amount).encode(), "Amount")
        bad("protobuf-amount-" + name, PROTOBUF, ics20_proto("uatom", "sender", "receiver", amount, ""), "Amount")

    p = ics20_proto(*d)
    first = p[:7]
    assert first == b"\x0a\x05uatom"
    bad("protobuf-empty", PROTOBUF, b"", "Amount")
    bad("protobuf-unknown-field", PROTOBUF, p + b"\x32\x01x", "Protobuf")
    bad("protobuf-unknown-varint-field", PROTOBUF, p + b"\x30\x01", "Protobuf")
    bad("protobuf-field-zero", PROTOBUF, b"\x02\x01x" + p, "Protobuf")
    bad("protobuf-wrong-wire-type", PROTOBUF, b"\x08\x05" + p[7:], "Protobuf")
    bad("protobuf-group", PROTOBUF, p + b"\x2b\x2c", "Protobuf")
    bad("protobuf-repeated-field", PROTOBUF, first + p, "Protobuf")
    bad("protobuf-out-of-order", PROTOBUF, p[7:] + first, "Protobuf")
    bad("protobuf-empty-field-present", PROTOBUF, ics20_proto(*d[:4], "") + b"\x2a\x00", "Protobuf")
    bad("protobuf-long-length", PROTOBUF, b"\x0a\x85\x00uatom" + p[7:], "Protobuf")
    bad("protobuf-long-tag", PROTOBUF, b"\x8a\x00\x05uatom" + p[7:], "Protobuf")
    bad("protobuf-length-of-2-to-63", PROTOBUF, p[:-6] + b"\x2a" + varint(2**63) + b"memo", "Protobuf")
    bad("protobuf-truncated", PROTOBUF, p[:-1], "Protobuf")
    bad("protobuf-ends-after-tag", PROTOBUF, p + b"\x2a", "Protobuf")
    bad("protobuf-trailing-nul", PROTOBUF, p + b"\x00", "Protobuf")
    bad("protobuf-not-utf8", PROTOBUF, p[:-4] + b"\xff\xfe\xfd\xfc", "Protobuf")
    write("ics20.json", "Token transfers in each encoding, valid and malformed; `canonical`: the value is what an encoder writes.", cases)


def ics27():
    cases = []
    empty = {"sender": "", "receiver": "", "salt": "0x", "payload": "0x", "memo": "", "result": "0x"}
    b64 = lambda b: '"' + base64.b64encode(b).decode() + '"'

    def packet_json(sender, receiver, salt, payload, memo):
        texts = [("sender", quote(sender)), ("receiver", quote(receiver)), ("salt", b64(salt)), ("payload", b64(payload)), ("memo", quote(memo))]
        return obj(*[t for t in texts if t[1] != '""'])

    encoders = {ABI: lambda *d: abi_encode(GMP_ABI, d), JSON: packet_json, PROTOBUF: lambda *d: proto(*d)}
    results = {ABI: lambda r: abi_encode(RESULT_ABI, [r]), JSON: lambda r: obj(*([("result", b64(r))] if r else [])), PROTOBUF: lambda r: proto(r)}
    short = {ABI: "abi", JSON: "json", PROTOBUF: "protobuf"}

    def good(name, kind, encoding, value, **fields):
        cases.append({"name": name, "kind": kind, "encoding": encoding, "value": h(value), "valid": True, "check": "Ok", **empty, **fields})

    def bad(name, kind, encoding, value, check):
        cases.append({"name": name, "kind": kind, "encoding": encoding, "value": h(value), "valid": False, "check": check, **empty})

    alice, bob = "0x" + "22" * 20, "0x" + "33" * 20
    packets = {
        "call": (alice, bob, b"", bytes.fromhex("a9059cbb") + b"\x00" * 64, ""),
        "salted": (alice, bob, b"\x01" * 32, b"\x01", "bill of lading"),
        "without-receiver": ("cosmos1sender", "", b"", b"\x0a\x00", ""),
        "without-payload": (alice, bob, b"", b"", ""),
        "sender-only": (alice, "", b"", b"", ""),
        "payload-of-31": (alice, bob, b"\x02", b"\x03" * 31, ""),
        "payload-of-32": (alice, bob, b"\x02", b"\x03" * 32, ""),
        "payload-of-33": (alice, bob, b"\x02", b"\x03" * 33, "a<b>&c \u2028 é"),
        "large-payload": (alice, bob, b"\x02", bytes(i * 7 % 256 for i in range(1000)), ""),
    }
    for name, d in packets.items():
        for encoding, encode in encoders.items():
            good(short[encoding] + "-" + name, "packet", encoding, encode(*d), sender=d[0], receiver=d[1], salt=h(d[2]), payload=h(d[3]), memo=d[4])
    for name, r in [("one-byte", b"\x01"), ("word", word(42)), ("long", bytes(range(100))), ("empty", b"")]:
        for encoding, encode in results.items():
            good(short[encoding] + "-result-" + name, "acknowledgement", encoding, encode(r), result=h(r))

    d = packets["salted"]
    e = encoders[ABI](*d)
    bad("abi-empty", "packet", ABI, b"", "Abi")
    bad("abi-trailing-word", "packet", ABI, e + word(0), "Abi")
    bad("abi-trailing-byte", "packet", ABI, e + b"\x00", "Abi")
    bad("abi-truncated", "packet", ABI, e[:-32], "Abi")
    bad("abi-without-outer-offset", "packet", ABI, e[32:], "Abi")
    assert e[-64:-32] == word(14)
    bad("abi-dirty-padding", "packet", ABI, e[:-1] + b"\x01", "Abi")
    bad("abi-length-past-the-end", "packet", ABI, e[:-64] + word(33) + e[-32:], "Abi")
    bad("abi-memo-not-utf8", "packet", ABI, e[:-32] + b"\xff" * 14 + bytes(18), "Utf8")
    swapped = word(32) + b"".join(map(word, [160, 256, 416, 352])) + e[160:192]
    assert len(abi("string", alice)) == 96 and len(abi("bytes", d[2])) == 64
    bad("abi-tails-in-another-order", "packet", ABI, swapped + abi("string", alice) + abi("string", bob) + abi("bytes", d[3]) + abi("bytes", d[2]) + abi("string", d[4]), "Abi")
    for encoding, encode in encoders.items():
        bad(short[encoding] + "-no-sender", "packet", encoding, encode("", *d[1:]), "EmptySender")
    j = encoders[JSON](*d).decode()
    for name, text in [("unknown-field", j[:-1] + ',"fee":"1"}'), ("repeated-field", j[:-1] + ',"memo":"x"}'), ("trailing-byte", j + "x"),
                       ("array", '["a"]'), ("salt-as-hex", j.replace(b64(d[2]), quote(h(d[2])))), ("salt-without-padding", j.replace(b64(d[2]), b64(d[2]).replace("=", ""))),
                       ("payload-with-spare-bits", j.replace('"AQ=="', '"AR=="')), ("number", j.replace('"AQ=="', "1")), ("empty", "")]:
        assert name == "empty" or text != j
        bad("json-" + name, "packet", JSON, text.encode(), "Json")
    first = '"sender":' + quote(alice) + ","
    for name, text in [("with-space", j + " "), ("in-another-order", "{" + j[1 + len(first):-1] + "," + first[:-1] + "}"),
                       ("with-an-empty-field", j.replace('"memo":"bill of lading"', '"memo":""')), ("with-escapes", j.replace("bill", "b\\u0069ll"))]:
        bad("json-" + name, "packet", JSON, text.encode(), "JsonNotCanonical")
    p = encoders[PROTOBUF](*d)
    bad("protobuf-unknown-field", "packet", PROTOBUF, p + b"\x32\x01x", "Protobuf")
    bad("protobuf-truncated", "packet", PROTOBUF, p[:-1], "Protobuf")
    bad("protobuf-repeated-field", "packet", PROTOBUF, p[:44] + p, "Protobuf")
    bad("protobuf-empty-field-present", "packet", PROTOBUF, encoders[PROTOBUF](*d[:4], "") + b"\x2a\x00", "Protobuf")
    bad("protobuf-trailing-nul", "packet", PROTOBUF, p + b"\x00", "Protobuf")
    r = results[ABI](b"\x01")
    bad("abi-result-trailing-word", "acknowledgement", ABI, r + word(0), "Abi")
    bad("abi-result-bare-bytes", "acknowledgement", ABI, abi_encode("bytes", b"\x01"), "Abi")
    bad("abi-result-dirty-padding", "acknowledgement", ABI, r[:-1] + b"\x01", "Abi")
    bad("abi-result-empty-input", "acknowledgement", ABI, b"", "Abi")
    bad("json-result-with-space", "acknowledgement", JSON, b'{"result": "AQ=="}', "JsonNotCanonical")
    bad("json-result-unknown-field", "acknowledgement", JSON, b'{"error":"x"}', "Json")
    bad("json-result-empty-field", "acknowledgement", JSON, b'{"result":""}', "JsonNotCanonical")
    bad("protobuf-result-unknown-field", "acknowledgement", PROTOBUF, b"\x12\x01x", "Protobuf")
    write("ics27.json", "General messages and their acknowledgements in each encoding, valid and malformed.", cases)


def denoms():
    cases = []

    def hop(here, there):
        return ("transfer", here + "." + there)

    def walk(name, base, chains):
        denom = base
        for step, (a, b) in enumerate(zip(chains, chains[1:]), 1):
            source, destination = hop(a, b), hop(b, a)
            prefix = "/".join(source) + "/"
            returned = denom.startswith(prefix)
            result = denom[len(prefix):] if returned else "/".join(destination) + "/" + denom
            cases.append({"name": "%s-%d" % (name, step), "denom": denom, "source_port": source[0], "source_client": source[1],
                          "destination_port": destination[0], "destination_client": destination[1],
                          "outcome": "Returned" if returned else "Voucher", "result": result, "voucher_id": h(keccak(result.encode()))})
            denom = result
        return denom

    token = "0x" + "11" * 20
    assert walk("there-and-back", token, "AA BB AA".split()) == token
    assert walk("unwinds", token, "AA BB CC BB AA".split()) == token
    assert walk("circle-does-not-unwind", token, "AA BB CC AA".split()) == "transfer/AA.CC/transfer/CC.BB/transfer/BB.AA/" + token
    assert walk("out-again-over-the-voucher", token, "AA BB AA BB".split()) == "transfer/BB.AA/" + token
    walk("substrate-asset", "asset:7", "AA BB AA".split())
    assert walk("circle-unwinds-backwards", token, "AA BB CC AA CC BB AA".split()) == token

    def single(name, denom, source, destination, outcome, result):
        cases.append({"name": name, "denom": denom, "source_port": source[0], "source_client": source[1], "destination_port": destination[0],
                      "destination_client": destination[1], "outcome": outcome, "result": result, "voucher_id": h(keccak(result.encode()))})

    source, destination = ("transfer", "client-1"), ("transfer", "client-7")
    single("longer-client-is-another", "transfer/client-10/uatom", source, destination, "Voucher", "transfer/client-7/transfer/client-10/uatom")
    single("other-port-is-another", "transfer2/client-1/uatom", source, destination, "Voucher", "transfer/client-7/transfer2/client-1/uatom")
    single("destination-prefix-is-not-a-return", "transfer/client-7/uatom", source, destination, "Voucher", "transfer/client-7/transfer/client-7/uatom")
    single("inner-hop-is-not-a-return", "transfer/client-9/transfer/client-1/uatom", source, destination, "Voucher",
           "transfer/client-7/transfer/client-9/transfer/client-1/uatom")
    single("one-hop-only", "transfer/client-1/transfer/client-1/uatom", source, destination, "Returned", "transfer/client-1/uatom")
    write("denom_hops.json", "What a receiver makes of a denomination: one hop a case, walks as numbered cases.", cases)

    cases = []

    def parse(name, text, check, hops=0, base=""):
        cases.append({"name": name, "text": text, "valid": check == "Ok", "check": check, "hops": hops, "base": base,
                      "voucher_id": h(keccak(text.encode()))})

    parse("native", "uatom", "Ok", 0, "uatom")
    parse("address", token, "Ok", 0, token)
    parse("substrate-native", "native", "Ok", 0, "native")
    parse("one-hop", "transfer/client-0/uatom", "Ok", 1, "uatom")
    parse("three-hops", "transfer/AA.CC/transfer/CC.BB/transfer/BB.AA/" + token, "Ok", 3, token)
    parse("base-of-other-letters", "transfer/client-0/é", "Ok", 1, "é")
    parse("empty", "", "EmptyBase")
    parse("slash-only", "/", "NotPairs")
    parse("empty-base-after-hop", "transfer/client-0/", "EmptyBase")
    parse("half-a-hop", "factory/token", "NotPairs")
    parse("slash-in-base", "transfer/client-0/pool/1", "NotPairs")
    parse("empty-client", "transfer//uatom", "Identifier")
    parse("short-port", "t/client-0/uatom", "Identifier")
    parse("bad-character", "transfer/client 0/uatom", "Identifier")
    parse("double-slash", "transfer/client-0//uatom", "NotPairs")
    write("denoms.json", "Denominations as text: valid or which rule fails, hops, base, keccak256 of the whole text.", cases)


def rules():
    def payloads(sizes):
        return [("transfer", "transfer", "ics20-1", ABI, bytes(n)) for n in sizes]

    packet = {"sequence": 5, "source_client": "bank.qbft-harbour", "destination_client": "harbour.qbft-bank",
              "timeout_timestamp": 1_700_000_600, "payload_sizes": [448]}
    now = 1_700_000_000

    def family(file, about, base, outcome_key="outcome"):
        cases = []

        def case(name, outcome, **changes):
            assert set(changes) <= set(base), (name, changes)
            cases.append({"name": name, outcome_key: outcome, **base, **changes})

        return cases, case, lambda: write(file, about, cases)

    largest = 262144
    send = {**packet, "now": now, "client_active": True, "client_latest": now - 2, "counterparty": "harbour.qbft-bank",
            "last_sequence": 4, "one_payload": True}
    _, case, done = family("send.json", "Whether a source chain may commit to a packet.", send)
    case("ordinary", "Ok")
    case("timeout-one-second-ahead", "Ok", timeout_timestamp=now + 1)
    case("timeout-now", "TimeoutElapsed", timeout_timestamp=now)
    case("timeout-past", "TimeoutElapsed", timeout_timestamp=now - 1)
    case("timeout-zero", "TimeoutElapsed", timeout_timestamp=0)
    case("timeout-24h", "Ok", timeout_timestamp=now + 86400)
    case("timeout-24h-and-one", "TimeoutTooFar", timeout_timestamp=now + 86401)
    case("timeout-largest", "TimeoutTooFar", timeout_timestamp=U64)
    case("timeout-in-milliseconds", "TimeoutTooFar", timeout_timestamp=1_700_000_600_000)
    case("end-of-time", "Ok", now=U64 - 10, timeout_timestamp=U64)
    case("client-not-active", "ClientNotActive", client_active=False)
    case("timeout-at-client-latest", "TimeoutBeforeClient", client_latest=1_700_000_600)
    case("timeout-after-client-latest", "Ok", client_latest=1_700_000_599)
    case("no-payload", "NoPayload", payload_sizes=[])
    case("no-payload-many-allowed", "NoPayload", payload_sizes=[], one_payload=False)
    case("two-payloads-one-allowed", "TooManyPayloads", payload_sizes=[1, 1])
    case("two-payloads-many-allowed", "Ok", payload_sizes=[1, 1], one_payload=False)
    case("empty-value", "Ok", payload_sizes=[0])
    case("largest-payload", "Ok", payload_sizes=[largest])
    case("payload-too-large", "PayloadsTooLarge", payload_sizes=[largest + 1])
    case("largest-payloads-together", "Ok", payload_sizes=[largest - 1, 1], one_payload=False)
    case("payloads-together-too-large", "PayloadsTooLarge", payload_sizes=[largest, 1], one_payload=False)
    case("first-sequence", "Ok", sequence=1, last_sequence=0)
    case("sequence-repeated", "Sequence", sequence=4)
    case("sequence-skipped", "Sequence", sequence=6)
    case("last-sequence-of-all", "Ok", sequence=U64, last_sequence=U64 - 1)
    case("sequences-used-up", "Sequence", sequence=U64, last_sequence=U64)
    case("unbound", "NotOurs", counterparty="")
    case("another-destination", "NotOurs", destination_client="harbour.qbft-other")
    case("counterparty-before-payloads", "NotOurs", payload_sizes=[], counterparty="")
    case("payloads-before-time", "NoPayload", payload_sizes=[], timeout_timestamp=now)
    case("counterparty-before-time", "NotOurs", counterparty="", timeout_timestamp=now)
    case("time-before-client", "TimeoutElapsed", timeout_timestamp=now, client_active=False)
    case("client-before-sequence", "ClientNotActive", client_active=False, sequence=9)
    done()

    receive = {**packet, "block_time": now, "receipt": False, "counterparty": "bank.qbft-harbour", "one_payload": True}
    _, case, done = family("receive.json", "What a destination chain does with a packet whose commitment is proven.", receive)
    case("ordinary", "Receive")
    case("last-second", "Receive", block_time=1_700_000_599)
    case("at-timeout", "Expired", block_time=1_700_000_600)
    case("after-timeout", "Expired", block_time=1_700_000_601)
    case("timeout-zero", "Expired", timeout_timestamp=0, block_time=0)
    case("timeout-largest", "Receive", timeout_timestamp=U64)
    case("duplicate", "Duplicate", receipt=True)
    case("duplicate-after-timeout", "Duplicate", receipt=True, block_time=1_700_000_600)
    case("another-source", "NotOurs", source_client="bank.qbft-other")
    case("another-source-duplicate", "NotOurs", source_client="bank.qbft-other", receipt=True)
    case("another-source-expired", "NotOurs", source_client="bank.qbft-other", block_time=1_700_000_600)
    case("source-is-a-prefix", "NotOurs", source_client="bank.qbft-harbou")
    case("source-of-other-case", "NotOurs", source_client="Bank.qbft-harbour")
    case("unbound", "NotOurs", counterparty="")
    case("no-payload", "Malformed", payload_sizes=[])
    case("two-payloads-one-allowed", "Malformed", payload_sizes=[1, 1])
    case("two-payloads-many-allowed", "Receive", payload_sizes=[1, 1], one_payload=False)
    case("largest-payload", "Receive", payload_sizes=[largest])
    case("payload-too-large", "Malformed", payload_sizes=[largest + 1])
    case("counterparty-before-payloads", "NotOurs", payload_sizes=[], counterparty="")
    case("payloads-before-duplicate", "Malformed", payload_sizes=[], receipt=True)
    case("payloads-before-time", "Malformed", payload_sizes=[], block_time=1_700_000_600)
    case("largest-sequence", "Receive", sequence=U64)
    done()

    zero = bytes(32)

    def stored(sizes=(448,), timeout=1_700_000_600, destination="harbour.qbft-bank"):
        return h(commit_packet(destination, timeout, payloads(sizes)))

    settle = {**packet, "counterparty": "harbour.qbft-bank", "stored_commitment": stored(), "one_payload": True}
    acknowledge = {**settle, "acknowledgements": [h(SUCCESS)]}
    _, case, done = family("acknowledge.json", "What a source chain does with an acknowledgement whose commitment is proven.", acknowledge)
    case("success", "Success")
    case("failure", "Failure", acknowledgements=[h(UNIVERSAL_ERROR)])
    case("after-timeout", "Success", timeout_timestamp=1, stored_commitment=stored(timeout=1))
    case("duplicate", "Duplicate", stored_commitment=h(zero))
    case("another-packet-committed", "NotOurs", stored_commitment=stored(timeout=1_700_000_601))
    case("another-payload-committed", "NotOurs", stored_commitment=stored(sizes=[449]))
    case("another-destination", "NotOurs", destination_client="harbour.qbft-other", stored_commitment=stored(destination="harbour.qbft-other"))
    case("another-destination-duplicate", "NotOurs", destination_client="harbour.qbft-other", stored_commitment=h(zero))
    case("unbound", "NotOurs", counterparty="")
    case("two-payloads-one-allowed", "Malformed", payload_sizes=[1, 1], acknowledgements=[h(SUCCESS)] * 2)
    case("two-payloads-many-allowed", "Success", payload_sizes=[1, 1], acknowledgements=[h(SUCCESS)] * 2, one_payload=False, stored_commitment=stored([1, 1]))
    case("two-payloads-failed", "Failure", payload_sizes=[1, 1], acknowledgements=[h(UNIVERSAL_ERROR)], one_payload=False, stored_commitment=stored([1, 1]))
    case("no-payload", "Malformed", payload_sizes=[])
    case("no-acknowledgement", "BadAcknowledgement", acknowledgements=[])
    case("empty-acknowledgement", "BadAcknowledgement", acknowledgements=["0x"])
    case("two-for-one", "BadAcknowledgement", acknowledgements=[h(SUCCESS)] * 2)
    case("one-for-two", "BadAcknowledgement", payload_sizes=[1, 1], one_payload=False, stored_commitment=stored([1, 1]))
    case("error-among-two", "BadAcknowledgement", payload_sizes=[1, 1], one_payload=False, stored_commitment=stored([1, 1]),
         acknowledgements=[h(SUCCESS), h(UNIVERSAL_ERROR)])
    case("counterparty-before-acknowledgement", "NotOurs", counterparty="", acknowledgements=[])
    case("payloads-before-acknowledgement", "Malformed", payload_sizes=[], acknowledgements=[])
    case("bad-acknowledgement-before-duplicate", "BadAcknowledgement", acknowledgements=["0x"], stored_commitment=h(zero))
    done()

    timeout = {**settle, "proof_time": 1_700_000_600}
    _, case, done = family("timeout.json", "What a source chain does with a timeout whose missing receipt is proven.", timeout)
    case("at-timeout", "TimeOut")
    case("after-timeout", "TimeOut", proof_time=1_700_000_601)
    case("one-second-early", "NotExpired", proof_time=1_700_000_599)
    case("proof-time-zero", "NotExpired", proof_time=0)
    case("timeout-zero", "TimeOut", timeout_timestamp=0, proof_time=0, stored_commitment=stored(timeout=0))
    case("largest", "TimeOut", timeout_timestamp=U64, proof_time=U64, stored_commitment=stored(timeout=U64))
    case("duplicate", "Duplicate", stored_commitment=h(zero))
    case("early-duplicate", "Duplicate", stored_commitment=h(zero), proof_time=1_700_000_599)
    case("another-packet-committed", "NotOurs", stored_commitment=stored(timeout=1_700_000_601))
    case("timeout-shortened", "NotOurs", timeout_timestamp=1_700_000_000)
    case("another-destination", "NotOurs", destination_client="harbour.qbft-other", stored_commitment=stored(destination="harbour.qbft-other"))
    case("another-packet-early", "NotOurs", stored_commitment=stored(timeout=1_700_000_601), proof_time=0)
    case("another-destination-early", "NotOurs", destination_client="harbour.qbft-other", proof_time=0)
    case("unbound", "NotOurs", counterparty="")
    case("no-payload", "Malformed", payload_sizes=[])
    case("two-payloads-one-allowed", "Malformed", payload_sizes=[1, 1])
    case("two-payloads-many-allowed", "TimeOut", payload_sizes=[1, 1], one_payload=False, stored_commitment=stored([1, 1]))
    done()


def packet_json():
    payload = '{"source_port":"transfer","destination_port":"transfer","version":"ics20-1","encoding":"application/json","value":"0x7b7d"}'
    start = '{"sequence":1,"source_client":"client-0","destination_client":"client-1","timeout_timestamp":1735689600,"payloads":['
    good = start + payload + "]}"
    cases = []

    def case(name, text, field=None, offset=0, problem="Ok", encoded=good):
        data = text if isinstance(text, bytes) else text.encode()
        valid = field is None
        commitment = b""
        if valid:
            p = json.loads(data)
            fields = ["source_port", "destination_port", "version", "encoding", "value"]
            bodies = [[x[f] for f in fields[:4]] + [bytes.fromhex(x["value"][2:])] for x in p["payloads"]]
            commitment = commit_packet(p["destination_client"], p["timeout_timestamp"], bodies)
        cases.append({"name": name, "document": h(data), "valid": valid, "field": field or "", "offset": offset, "check": problem,
                      "encoded": h(encoded.encode()) if valid else "0x", "commitment": h(commitment)})

    def bad(name, old, new, field, mark, problem):
        """The error points at the first byte of `mark` in the changed text; "" is its end."""
        assert old in good, name
        text = good.replace(old, new, 1)
        assert mark in text, name
        case(name, text, field, len(text[: text.index(mark) if mark else len(text)].encode()), problem)

    case("as-documented", good)
    two = start + payload + "," + payload.replace("7b7d", "") + "]}"
    case("two-payloads", two, encoded=two)
    case("upper-case-hex", good.replace("7b7d", "7B7D"))
    case("space", "\n " + good.replace(",", " ,\r\n\t").replace(":", " : ") + " \n")
    case("another-order", "{" + good[len('{"sequence":1,'):-1] + ',"sequence":1}')
    case("escapes", good.replace("ics20-1", "ics20\\u002d1"))
    largest = good.replace('"sequence":1', '"sequence":18446744073709551615').replace("1735689600", "18446744073709551615")
    case("largest-numbers", largest, encoded=largest)
    case("empty-document", "", "", 0, "EndOfInput")
    case("an-array", "[" + good + "]", "", 0, "Expected")
    case("trailing-byte", good + "x", "", len(good), "TrailingBytes")
    case("trailing-document", good + good, "", len(good), "TrailingBytes")
    case("byte-order-mark", "\ufeff" + good, "", 0, "Expected")
    case("cut-short", good[:-1], "", len(good) - 1, "EndOfInput")
    bad("sequence-zero", '"sequence":1', '"sequence":0', "sequence", "0,", "Identifier")
    bad("sequence-negative", '"sequence":1', '"sequence":-1', "sequence", "-1", "Expected")
    bad("sequence-fraction", '"sequence":1', '"sequence":1.5', "sequence", ".5", "Expected")
    bad("sequence-exponent", '"sequence":1', '"sequence":1e3', "sequence", "e3", "Expected")
    bad("sequence-leading-zero", '"sequence":1', '"sequence":01', "sequence", "01", "Expected")
    bad("sequence-text", '"sequence":1', '"sequence":"1"', "sequence", '"1"', "Expected")
    bad("sequence-too-large", '"sequence":1', '"sequence":18446744073709551616', "sequence", "1844", "Expected")
    # A missing field is noticed at the closing brace of its object.
    case("sequence-missing", good.replace('"sequence":1,', ""), "sequence", len(good) - len('"sequence":1,') - 1, "MissingField")
    bad("sequence-twice", '"sequence":1', '"sequence":1,"sequence":2', "sequence", '"sequence":2', "DuplicateField")
    bad("timeout-too-large", "1735689600", "18446744073709551616", "timeout_timestamp", "18446", "Expected")
    bad("unknown-field", '"sequence":1', '"sequence":1,"memo":""', "", '"memo"', "UnknownField")
    bad("unknown-payload-field", '"value":', '"memo":"","value":', "payloads[0]", '"memo"', "UnknownField")
    bad("source-client-too-short", '"client-0"', '"c"', "source_client", '"c"', "Identifier")
    bad("destination-client-with-a-slash", '"client-1"', '"client/1"', "destination_client", '"client/1"', "Identifier")
    bad("port-empty", '"source_port":"transfer"', '"source_port":""', "payloads[0].source_port", '"",', "Identifier")
    bad("destination-port-missing", '"destination_port":"transfer",', "", "payloads[0].destination_port", "}]}", "MissingField")
    bad("value-without-0x", '"0x7b7d"', '"7b7d"', "payloads[0].value", '"7b7d"', "Hex")
    bad("value-upper-case-prefix", '"0x7b7d"', '"0X7b7d"', "payloads[0].value", '"0X7b7d"', "Hex")
    bad("value-odd", '"0x7b7d"', '"0x7b7"', "payloads[0].value", '"0x7b7"', "Hex")
    bad("value-not-hex", '"0x7b7d"', '"0x7bxd"', "payloads[0].value", "xd", "Hex")
    bad("value-null", '"0x7b7d"', "null", "payloads[0].value", "null", "Expected")
    bad("payloads-empty", payload, "", "payloads", "[]", "Expected")
    bad("payloads-object", "[" + payload + "]", payload, "payloads", '{"source_port', "Expected")
    bad("payload-null", payload, "null", "payloads[0]", "null", "Expected")
    bad("payloads-trailing-comma", payload + "]", payload + ",]", "payloads[1]", "]}", "Expected")
    bad("control-character", "ics20-1", "ics\n20", "payloads[0].version", "\n", "BadString")
    bad("bad-escape", "ics20-1", "ics\\x20", "payloads[0].version", "x20", "BadString")
    case("not-utf8", good.encode().replace(b"ics20-1", b"ics\xff20"), "payloads[0].version", good.index("20-1"), "BadString")
    bad("string-without-end", '"0x7b7d"}]}', '"0x7b7d', "payloads[0].value", '"0x7b7d', "OpenString")
    write("packet_json.json", "Packets as JSON documents: read, or refused with field, byte offset and problem.", cases)


for make in (commitments, paths, evm_storage, acknowledgements, identifiers, ics20, ics27, denoms, rules, packet_json):
    make()


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    stale = []
    for name, content in FILES.items():
        lines = ",\n".join("    " + json.dumps(c, ensure_ascii=False) for c in content["cases"])
        text = '{\n  "about": %s,\n  "count": %d,\n  "cases": [\n%s\n  ]\n}\n' % (json.dumps(content["about"]), content["count"], lines)
        target = os.path.join(folder, name)
        if "--check" in sys.argv[1:]:
            if not os.path.exists(target) or open(target, encoding="utf-8").read() != text:
                stale.append(name)
        else:
            with open(target, "w", encoding="utf-8") as f:
                f.write(text)
    if stale:
        sys.exit("out of date: " + ", ".join(stale))


if __name__ == "__main__":
    main()
