"use strict";
// The whole of the page: read files, ask the verifier, show its answer as text. Nothing is stored, nothing is sent.
const LARGEST = 8 << 20;
const HEADINGS = {
  "true": "True",
  "false": "False",
  "malformed": "Not a proof bundle",
  "anchor-unknown": "Not known to be true",
  "fault": "The verifier stopped",
};
const el = (id) => document.getElementById(id);
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const compiled = WebAssembly.compile(fromBase64(el("wasm").textContent.trim()));

// A verifier of its own for every question: what one file does to it cannot touch the next.
class Verifier {
  static async fresh() {
    return new Verifier((await WebAssembly.instantiate(await compiled)).exports);
  }
  constructor(exports) {
    this.exports = exports;
  }
  memory() {
    return new Uint8Array(this.exports.memory.buffer);
  }
  put(bytes) {
    const at = this.exports.lupu_proof_reserve(bytes.length);
    this.memory().set(bytes, at);
    return at;
  }
  text(at) {
    const memory = this.memory();
    return new TextDecoder().decode(memory.subarray(at, memory.indexOf(0, at)));
  }
  ask(name, file, anchors, now) {
    const joined = new Uint8Array(anchors.length * 32);
    anchors.forEach((digest, index) => joined.set(digest, index * 32));
    const out = this.put(new Uint8Array(4));
    const code = this.exports[name](this.put(file), file.length, this.put(joined), anchors.length, BigInt(now), out);
    if (code < 0) throw new Error(`code ${code}`);
    return this.text(new DataView(this.exports.memory.buffer).getUint32(out, true));
  }
  anchor(file) {
    const out = this.put(new Uint8Array(32));
    const code = this.exports.lupu_proof_anchor(this.put(file), file.length, out);
    return code === 0 ? this.memory().slice(out, out + 32) : null;
  }
}

const hex = (bytes) => "0x" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

// Digests in the field; words that are none are named, never guessed at.
function digests() {
  const words = el("digests").value.split(/[\s,]+/).filter(Boolean);
  const bad = words.filter((word) => !/^0x[0-9a-fA-F]{64}$/.test(word));
  const good = words.filter((word) => !bad.includes(word));
  el("anchor-note").textContent = bad.length ? `not 0x and 64 hex digits: ${bad[0].slice(0, 80)}` : "";
  return good.map((word) => Uint8Array.from(word.slice(2).match(/../g), (pair) => parseInt(pair, 16)));
}

let bundle = null;
let question = 0;
let page = null;

async function verify() {
  if (!bundle) return;
  const asked = ++question;
  const anchors = digests();
  const now = el("fresh").checked ? Math.floor(Date.now() / 1000) : 0;
  let answer;
  let html = "";
  try {
    answer = JSON.parse((await Verifier.fresh()).ask("lupu_proof_verify", bundle, anchors, now));
    if (answer.verdict !== "malformed") html = (await Verifier.fresh()).ask("lupu_proof_html", bundle, anchors, now);
  } catch (error) {
    answer = { verdict: "fault", detail: `Nothing was decided: ${error.message}` };
  }
  if (asked === question) show(answer, html);
}

function show(answer, html) {
  const verdict = el("verdict");
  verdict.className = answer.verdict;
  verdict.querySelector("h2").textContent = HEADINGS[answer.verdict] || HEADINGS.fault;
  el("why").textContent = answer.trust || answer.detail || "";
  const figures = el("figures");
  figures.replaceChildren();
  for (const name of ["check", "place", "expected", "found", "anchor", "bundle"]) {
    if (answer[name] === undefined || answer[name] === "") continue;
    figures.append(
      Object.assign(document.createElement("dt"), { textContent: name }),
      Object.assign(document.createElement("dd"), { textContent: answer[name] }),
    );
  }
  if (page) URL.revokeObjectURL(page);
  page = html ? URL.createObjectURL(new Blob([html], { type: "text/html" })) : null;
  if (page) el("save").href = page;
  el("save-row").hidden = el("proof").hidden = !html;
  el("proof").srcdoc = html;
  el("answer").hidden = false;
}

async function read(file) {
  // One byte more than the largest bundle is enough to be refused.
  return new Uint8Array(await file.slice(0, LARGEST + 1).arrayBuffer());
}

async function take(file) {
  if (!file) return;
  el("name").textContent = file.name;
  bundle = await read(file);
  await verify();
}

el("anchor-file").addEventListener("change", async (event) => {
  const notes = [];
  for (const file of event.target.files) {
    const digest = (await Verifier.fresh()).anchor(await read(file));
    if (digest) el("digests").value = `${el("digests").value.trim()}\n${hex(digest)}`.trim();
    else notes.push(`${file.name} is not an anchor`);
  }
  event.target.value = "";
  await verify();
  if (notes.length) el("anchor-note").textContent = notes.join(", ");
});
el("digests").addEventListener("input", () => {
  digests();
  verify();
});
el("fresh").addEventListener("change", verify);
el("bundle-file").addEventListener("change", (event) => take(event.target.files[0]));
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    el("drop").classList.add("over");
  });
}
addEventListener("dragleave", () => el("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  el("drop").classList.remove("over");
  take(event.dataTransfer.files[0]);
});
Verifier.fresh().then((v) => (el("version").textContent = v.text(v.exports.lupu_proof_version())));
