// node test.mjs PAGE [SCREENSHOT-FOLDER]: the page in a real browser: Chromium, driven over its debugging pipe.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [pagePath, pictures] = process.argv.slice(2);
const page = pathToFileURL(resolve(pagePath)).href;
const fixture = (name) => fileURLToPath(new URL(`../ffi/tests/fixtures/${name}`, import.meta.url));
const profile = mkdtempSync(join(tmpdir(), "lupu-page-"));
const browser = spawn(process.env.CHROMIUM || "chromium", [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
  `--user-data-dir=${profile}`, "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

let last = 0;
let buffered = "";
const waiting = new Map();
const requests = [];
const frames = [];
browser.stdio[4].setEncoding("utf8");
browser.stdio[4].on("data", (chunk) => {
  const messages = (buffered + chunk).split("\0");
  buffered = messages.pop();
  for (const message of messages.map((m) => JSON.parse(m))) {
    if (message.method === "Network.requestWillBeSent") requests.push(message.params.request.url);
    // The frame of the proof may be a process of its own.
    if (message.method === "Target.attachedToTarget") {
      frames.push(message.params.sessionId);
      send("Network.enable", {}, message.params.sessionId).catch(() => {});
    }
    const done = waiting.get(message.id);
    waiting.delete(message.id);
    if (done) message.error ? done.reject(new Error(JSON.stringify(message.error))) : done.resolve(message.result);
  }
});
function send(method, params = {}, sessionId) {
  return new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, { resolve, reject });
    browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  });
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const deadline = setTimeout(() => fail(new Error("no end after 120 s")), 120_000);
function end() {
  clearTimeout(deadline);
  browser.kill("SIGKILL");
  rmSync(profile, { recursive: true, force: true, maxRetries: 9 });
}
function fail(error) {
  console.error(error);
  end();
  process.exit(1);
}

async function main() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  await call("Network.enable");
  await call("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: true });
  await call("Page.enable");
  await call("Emulation.setDeviceMetricsOverride", { width: 1280, height: 1600, deviceScaleFactor: 1, mobile: false });
  await call("Page.navigate", { url: page });
  const value = async (expression) => {
    const { result, exceptionDetails } = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    assert(!exceptionDetails, JSON.stringify(exceptionDetails));
    return result.value;
  };
  const until = async (what, expression) => {
    for (let i = 0; i < 600; i++) {
      if (await value(expression)) return;
      await pause(50);
    }
    throw new Error(`${what} did not happen; the page says ${await value("document.body.innerText")}`);
  };
  const picture = async (name, width) => {
    if (!pictures) return;
    await call("Emulation.setDeviceMetricsOverride", { width, height: 1600, deviceScaleFactor: 1, mobile: false });
    const { data } = await call("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(pictures, `${name}-${width}.png`), Buffer.from(data, "base64"));
    await call("Emulation.setDeviceMetricsOverride", { width: 1280, height: 1600, deviceScaleFactor: 1, mobile: false });
  };
  await until("the page is ready", "document.getElementById('version')?.textContent.length > 4");

  // The first heading in the frame of the proof, read as the debugger alone can.
  const framed = async () => {
    const heading = { expression: "document.querySelector('h1')?.textContent + getComputedStyle(document.body).marginTop", returnByValue: true };
    for (const session of frames.filter((s) => s !== sessionId)) {
      const read = await send("Runtime.evaluate", heading, session).catch(() => null);
      if (read?.result?.value) return read.result.value;
    }
    const { frameTree } = await call("Page.getFrameTree");
    for (const { frame } of frameTree.childFrames ?? []) {
      const { executionContextId: contextId } = await call("Page.createIsolatedWorld", { frameId: frame.id });
      const read = await call("Runtime.evaluate", { ...heading, contextId });
      if (read.result.value) return read.result.value;
    }
    return null;
  };
  const drop = async (name) => {
    await value("document.getElementById('answer').hidden = true, document.getElementById('drop').scrollIntoView()");
    const { x, y } = await value("(({x, y, width, height}) => ({x: x + width / 2, y: y + height / 2}))(document.getElementById('drop').getBoundingClientRect())");
    const data = { items: [], files: [fixture(name)], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await call("Input.dispatchDragEvent", { type, x, y, data });
    await until(`an answer about ${name}`, "!document.getElementById('answer').hidden");
    return {
      verdict: await value("document.getElementById('verdict').className"),
      heading: await value("document.querySelector('#verdict h2').textContent"),
      text: await value("document.getElementById('verdict').innerText"),
      html: await value("document.getElementById('proof').srcdoc"),
    };
  };

  let answer = await drop("true.json");
  assert.equal(answer.verdict, "anchor-unknown", "nobody is trusted who was not named");
  assert.equal(answer.heading, "Not known to be true");

  const { root } = await call("DOM.getDocument");
  const { nodeId } = await call("DOM.querySelector", { nodeId: root.nodeId, selector: "#anchor-file" });
  await call("DOM.setFileInputFiles", { nodeId, files: [fixture("anchor.json")] });
  await until("the anchor's digest is shown", "/^0x[0-9a-f]{64}$/.test(document.getElementById('digests').value)");
  await until("the verdict follows", "document.getElementById('verdict').className === 'true'");

  answer = await drop("true.json");
  assert.equal(answer.verdict, "true");
  assert.match(answer.text, /4 of the 5 validators of bank as of block 100 sealed block 120/);
  assert.match(answer.html, /<h1>True<\/h1>/);
  let shown = null;
  for (let i = 0; i < 100 && !shown?.startsWith("True"); i++) {
    shown = await framed();
    await pause(50);
  }
  assert.equal(shown, "True0px", "the frame shows the proof, with its style");
  await pause(pictures ? 500 : 0);
  await picture("true", 1280);
  await picture("true", 390);
  assert.equal((await drop("true.cbor")).verdict, "true");

  answer = await drop("tampered.json");
  assert.equal(answer.verdict, "false");
  assert.match(answer.text, /updates\[0\]/);
  assert.match(answer.html, /<h1>False<\/h1>/);
  await picture("tampered", 390);

  answer = await drop("malformed.json");
  assert.equal(answer.verdict, "malformed");
  assert.equal(answer.html, "");

  answer = await drop("hostile.json");
  assert.equal(answer.verdict, "anchor-unknown");
  assert.equal(await value("document.querySelectorAll('#answer script, #answer img').length"), 0);
  assert(!answer.html.includes("<script"), "no script in the proof's page");

  await value("document.getElementById('digests').value = '0x12', document.getElementById('digests').dispatchEvent(new Event('input'))");
  await until("a digest that is none is named", "document.getElementById('anchor-note').textContent.includes('0x12')");
  assert.equal((await drop("true.json")).verdict, "anchor-unknown");

  await value("document.getElementById('digests').value = '', document.getElementById('fresh').click()");
  const outside = requests.filter((url) => url !== page && !/^(about|blob|data):/.test(url));
  assert.deepEqual(outside, [], "no request left the page");
  assert(requests.includes(page), "requests are seen at all");
  assert.equal(await value("localStorage.length + sessionStorage.length + document.cookie.length"), 0);
  const refusedBy = await value(`new Promise((done) => {
    addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
    fetch("https://example.org/").catch(() => setTimeout(() => done("nothing"), 1000));
  })`);
  assert.equal(refusedBy, "connect-src", "the page's own policy forbids connections");
  console.log("page: true, tampered, malformed, hostile and unknown judged in Chromium; no request left the page");
}

main().then(end, fail);
