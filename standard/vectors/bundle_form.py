"""The form of proof bundles, read a third time: JSON and CBOR by the tables of SPEC.md, in plain Python."""

import json
import re
import unicodedata

U64 = (1 << 64) - 1
STATE = ["trusting_period", "max_clock_drift"]
HEAD = ["format", "version", "name", "client_type", "chain", "host"]
SUBSTRATE = HEAD + ["genesis", "pallet_prefix"]
ANCHORS = {
    "qbft": HEAD + ["consensus", "router_code_hash"] + STATE
    + ["trust_numerator", "trust_denominator", "height", "timestamp", "storage_root", "validators"],
    "beefy": SUBSTRATE + ["first_mmr_block"] + STATE + ["height", "timestamp", "state_root", "current", "next"],
    "grandpa": SUBSTRATE + STATE + ["height", "timestamp", "state_root", "header_hash", "set_id", "authorities"],
}
UPDATES = {
    "qbft": ["header"],
    "beefy": ["commitment", "authorities", "signatures", "leaf", "mmr_items", "header"],
    "grandpa": ["header", "justification"],
}
KINDS = ["sent", "locked", "received", "acknowledged", "minted", "released", "never-received"]
# Characters that are not seen, or turn the direction of writing.
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def need(good):
    if not good:
        raise ValueError


class Fields(tuple):
    """An object of JSON: its fields in their order, each as often as it stands there."""


def written(value):
    """A value as canonical JSON has it."""
    if isinstance(value, Fields):
        return "{" + ",".join(written(name) + ":" + written(v) for name, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, str):
        escape = {'"': '\\"', "\\": "\\\\"}
        return '"' + "".join(escape.get(c) or (c if c >= " " else f"\\u{ord(c):04x}") for c in value) + '"'
    need(type(value) is int)
    return str(value)


def item(data, at):
    """One item of CBOR as short as it can be, and where the next begins."""
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    number = low
    if low >= 24:
        need(low < 28)
        size = 1 << (low - 24)
        number = int.from_bytes(data[at:at + size], "big")
        need(at + size <= len(data) and number >= (24 if size == 1 else 1 << (4 * size)))
        at += size
    if major == 0:
        return number, at
    need(number <= len(data) - at)
    if major == 4:
        items = []
        for _ in range(number):
            value, at = item(data, at)
            items.append(value)
        return items, at
    need(major in (2, 3))
    content = bytes(data[at:at + number])
    return (content if major == 2 else content.decode("utf-8")), at + number


class Form:
    """Reads values by the tables, in one of the two forms."""

    def __init__(self, cbor):
        self.cbor = cbor

    def fields(self, value, names):
        if self.cbor:
            need(isinstance(value, list) and len(value) == len(names))
            return value
        need(isinstance(value, Fields) and [name for name, _ in value] == names)
        return [v for _, v in value]

    def raw(self, value, most, least=0):
        if not self.cbor:
            need(isinstance(value, str) and re.fullmatch("0x([0-9a-f]{2})*", value))
            value = bytes.fromhex(value[2:])
        need(isinstance(value, bytes) and least <= len(value) <= most)
        return value

    def text(self, value, most=1024):
        need(isinstance(value, str) and len(value.encode("utf-8")) <= most)
        return value

    def number(self, value, most=U64):
        need(type(value) is int and 0 <= value <= most)
        return value

    def list(self, value, least, most, read):
        need(isinstance(value, list) and not isinstance(value, Fields) and least <= len(value) <= most)
        return [read(v) for v in value]

    def identifier(self, value):
        need(re.fullmatch(r"[a-zA-Z0-9._+\-#\[\]<>]{2,128}", self.text(value)))

    def name(self, value):
        name = self.text(value, 64)
        need(name and " ".join(name.split()) == name and not HIDDEN.search(name))
        need(all(unicodedata.category(c) != "Cc" and (c == " " or not c.isspace()) for c in name))

    def anchor(self, value):
        need(isinstance(value, (list, Fields)) and len(value) > 3)
        client = value[3] if self.cbor else value[3][1]
        need(isinstance(client, str) and client in ANCHORS)
        f = dict(zip(ANCHORS[client], self.fields(value, ANCHORS[client])))
        need(f["format"] == "lupu-trust-anchor" and self.number(f["version"]) == 1)
        self.name(f["name"])
        chain, host = self.text(f["chain"]), self.text(f["host"])
        for name in ["trusting_period", "max_clock_drift", "height", "timestamp", "first_mmr_block", "set_id"]:
            self.number(f.get(name, 0))
        for name in ["router_code_hash", "storage_root", "state_root", "header_hash"]:
            if name in f:
                self.raw(f[name], 32, 32)
        if client == "qbft":
            need(re.fullmatch("eip155:(0|[1-9][0-9]*)", chain) and int(chain[7:]) <= U64)
            need(re.fullmatch(re.escape(chain) + ":0x[0-9a-f]{40}", host))
            need(f["consensus"] in ("qbft", "ibft2"))
            self.number(f["trust_numerator"], 255)
            self.number(f["trust_denominator"], 255)
            self.list(f["validators"], 1, 255, lambda v: self.raw(v, 20, 20))
            return client
        genesis, prefix = self.raw(f["genesis"], 24, 24), self.raw(f["pallet_prefix"], 16, 16)
        need(chain == "polkadot:" + genesis[:16].hex() and host == chain + ":0x" + prefix.hex())
        if client == "grandpa":
            self.list(f["authorities"], 1, 1024, self.authority)
            return client
        for name in ["current", "next"]:
            number, size, root = self.fields(f[name], ["id", "len", "root"])
            self.number(number), self.number(size, (1 << 32) - 1), self.raw(root, 32, 32)
        return client

    def authority(self, value):
        key, weight = self.fields(value, ["key", "weight"])
        self.raw(key, 32, 32), self.number(weight)

    def payload(self, value):
        names = ["source_port", "destination_port", "version", "encoding", "value"]
        source, destination, version, encoding, content = self.fields(value, names)
        self.identifier(source), self.identifier(destination)
        self.text(version), self.text(encoding), self.raw(content, 262_144)

    def statement(self, value):
        names = ["kind", "height", "packet", "acknowledgements", "path", "value"]
        kind, height, packet, acknowledgements, path, content = self.fields(value, names)
        need(kind in KINDS)
        names = ["sequence", "source_client", "destination_client", "timeout_timestamp", "payloads"]
        sequence, source, destination, timeout, payloads = self.fields(packet, names)
        need(self.number(sequence) > 0)
        self.identifier(source), self.identifier(destination), self.number(timeout)
        self.list(payloads, 1, 8, self.payload)
        answered = kind in ("acknowledged", "minted", "released")
        self.list(acknowledgements, int(answered), 8 * answered, lambda v: self.raw(v, 65_536))
        self.raw(content, 32)
        return self.number(height), self.raw(path, 256), KINDS.index(kind)

    def update(self, value, client):
        for name, part in zip(UPDATES[client], self.fields(value, UPDATES[client])):
            self.raw(part, 65_535 if name == "header" else 1 << 20)

    def bundle(self, value):
        names = ["format", "version", "anchor", "updates", "statements", "nodes"]
        kind, version, anchor, updates, statements, nodes = self.fields(value, names)
        need(kind == "lupu-proof-bundle" and self.number(version) == 1)
        client = self.anchor(anchor)
        self.list(updates, 0, 4_096, lambda v: self.update(v, client))
        for found in [self.list(statements, 1, 4_096, self.statement),
                      self.list(nodes, 0, 65_536, lambda v: self.raw(v, 65_535))]:
            need(all(a < b for a, b in zip(found, found[1:])))


def read(file):
    if file[:1] == b"\xd9":
        need(file[:3] == b"\xd9\xd9\xf7")
        value, end = item(file, 3)
        need(end == len(file))
    else:
        text = file.decode("utf-8")
        value = json.loads(text, object_pairs_hook=Fields)
        need(written(value) + "\n" == text)
    Form(file[:1] == b"\xd9").bundle(value)


def judge(case):
    """The verdict on a case of kind bundles/format."""
    file = bytes.fromhex(case["cbor"][2:]) or case["file"].encode("utf-8", "surrogatepass")
    if len(file) > 8 << 20:
        return "Malformed"
    try:
        read(file)
    except (ValueError, IndexError, RecursionError):
        return "Malformed"
    return "ok"
