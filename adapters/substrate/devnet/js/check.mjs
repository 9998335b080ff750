// Connects with @polkadot/api, reads state, follows finality, and sends a transaction.
//
//   npm ci && node check.mjs ws://127.0.0.1:9944 [BLOCKS]
//
// Exits with 0 when everything was as it must be; prints one line of JSON for each step.

import { ApiPromise, HttpProvider, Keyring, WsProvider } from '@polkadot/api';

const [url, blocks = '3'] = process.argv.slice(2);
if (!url) {
  console.error('usage: node check.mjs ws://HOST:PORT [BLOCKS]');
  process.exit(2);
}
const limit = setTimeout(() => fail('no end after 120 s'), 120_000);

function fail(reason) {
  console.error(`failed: ${reason}`);
  process.exit(1);
}

function say(step, facts) {
  console.log(JSON.stringify({ step, ...facts }));
}

function must(condition, reason) {
  if (!condition) fail(reason);
}

const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true, throwOnConnect: true });
const [chain, name] = await Promise.all([api.rpc.system.chain(), api.rpc.system.name()]);
say('connected', {
  chain: chain.toString(),
  node: name.toString(),
  genesis: api.genesisHash.toHex(),
  specVersion: api.runtimeVersion.specVersion.toNumber(),
  pallets: Object.keys(api.query).length,
});

const keyring = new Keyring({ type: 'sr25519' });
const [alice, bob] = ['//Alice', '//Bob'].map((uri) => keyring.addFromUri(uri));

const account = await api.query.system.account(alice.address);
const validators = await api.query.session.validators();
const accounts = await api.query.system.account.entries();
const deposit = api.consts.balances.existentialDeposit.toBigInt();
must(account.data.free.toBigInt() > deposit, 'Alice owns nothing');
must(validators.length > 0, 'no validators');
must(accounts.length >= validators.length, 'accounts missing');
say('state', { alice: account.data.free.toString(), validators: validators.length, accounts: accounts.length });

const head = await api.rpc.chain.getFinalizedHead();
const key = api.query.timestamp.now.key();
const proof = await api.rpc.state.getReadProof([key], head);
must(proof.at.toHex() === head.toHex() && proof.proof.length > 0, 'no read proof');
const at = await api.at(head);
const moment = (await at.query.timestamp.now()).toNumber();
say('proof', { at: head.toHex(), nodes: proof.proof.length, moment });

const seen = await new Promise((resolve, reject) => {
  const heads = [];
  api.rpc.chain
    .subscribeFinalizedHeads((header) => {
      heads.push(header);
      if (heads.length >= Number(blocks)) resolve(heads);
    })
    .catch(reject);
});
for (const [index, header] of seen.entries()) {
  const hash = await api.rpc.chain.getBlockHash(header.number.unwrap());
  must(hash.eq(header.hash), `hash of block ${header.number} is not that of its header`);
  if (index > 0 && header.number.unwrap().subn(1).eq(seen[index - 1].number.unwrap())) {
    must(header.parentHash.eq(seen[index - 1].hash), `block ${header.number} does not follow the one before`);
  }
}
say('finality', { blocks: seen.map((header) => header.number.toNumber()) });

const newest = seen[seen.length - 1];
const signed = await api.rpc.chain.getBlock(newest.hash);
say('block', {
  number: newest.number.toNumber(),
  extrinsics: signed.block.extrinsics.length,
  justifications: signed.justifications.isSome ? signed.justifications.unwrap().length : 0,
});

const justification = await new Promise((resolve, reject) => {
  api.rpc.grandpa.subscribeJustifications(resolve).catch(reject);
});
const commitment = await new Promise((resolve, reject) => {
  api.rpc.beefy.subscribeJustifications(resolve).catch(reject);
});
say('justifications', { grandpa: justification.length, beefy: commitment.toHex().length / 2 - 1 });

const before = (await api.query.system.account(bob.address)).data.free.toBigInt();
const amount = 1_000_000_000_000n;
const included = await new Promise((resolve, reject) => {
  api.tx.balances
    .transferKeepAlive(bob.address, amount)
    .signAndSend(alice, ({ status, dispatchError, events }) => {
      if (dispatchError) reject(new Error(dispatchError.toString()));
      if (status.isInvalid || status.isDropped || status.isUsurped) reject(new Error(status.toString()));
      if (status.isFinalized) resolve({ hash: status.asFinalized, events });
    })
    .catch(reject);
});
const after = (await (await api.at(included.hash)).query.system.account(bob.address)).data.free.toBigInt();
must(after === before + amount, `Bob owns ${after}, not ${before + amount}`);
must(included.events.some(({ event }) => api.events.balances.Transfer.is(event)), 'no Transfer event');
say('transfer', { block: included.hash.toHex(), events: included.events.length });

const http = await ApiPromise.create({ provider: new HttpProvider(url.replace(/^ws/, 'http')), noInitWarn: true });
must(http.genesisHash.eq(api.genesisHash), 'another chain over HTTP');
say('http', { genesis: http.genesisHash.toHex() });

clearTimeout(limit);
await http.disconnect();
await api.disconnect();
process.exit(0);
