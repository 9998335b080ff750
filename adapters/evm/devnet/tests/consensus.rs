//! Seals, rounds, votes and header forms, checked by a reader of headers written here alone.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::Header;
use alloy::primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy::providers::Provider;
use alloy::rlp::{Decodable, Header as Rlp};
use common::*;
use lupu_evm_devnet::{Block, Builder, Devnet, ForkPlan, Hardfork, Kind, faults::Seals, lies, quorum};

/// A header taken apart, as the facts about Besu describe it.
struct Parsed {
    header: Header,
    items: Vec<Vec<u8>>,
    seals: Vec<Signature>,
    validators: Vec<Address>,
    kind: Kind,
}

/// The items of an RLP list, each with its own header.
fn items(mut list: &[u8]) -> Vec<Vec<u8>> {
    let head = Rlp::decode(&mut list).unwrap();
    assert!(head.list && head.payload_length == list.len());
    let mut out = Vec::new();
    while !list.is_empty() {
        let start = list;
        let item = Rlp::decode(&mut list).unwrap();
        list = &list[item.payload_length..];
        out.push(start[..start.len() - list.len()].to_vec());
    }
    out
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    Rlp { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend(payload);
    out
}

impl Parsed {
    fn new(raw: &[u8], kind: Kind) -> Self {
        let header: Header = alloy::rlp::decode_exact(raw).unwrap();
        assert_eq!(alloy::rlp::encode(&header), raw);
        let items = items(&header.extra_data);
        assert_eq!(items.len(), 5);
        let validators = self::items(&items[1]).iter().map(|item| Address::decode(&mut &item[..]).unwrap()).collect();
        let seals = self::items(&items[4])
            .iter()
            .map(|item| Signature::from_raw(&Bytes::decode(&mut &item[..]).unwrap()).unwrap())
            .collect();
        Self { header, items, seals, validators, kind }
    }

    fn with_extra(&self, items: &[Vec<u8>]) -> B256 {
        let mut header = self.header.clone();
        header.extra_data = list(items).into();
        keccak256(alloy::rlp::encode(&header))
    }

    fn digest(&self) -> B256 {
        match self.kind {
            Kind::Qbft => self.with_extra(&[&self.items[..4], &[vec![0xc0]]].concat()),
            Kind::Ibft2 => self.with_extra(&self.items[..4]),
        }
    }

    fn hash(&self) -> B256 {
        match self.kind {
            Kind::Qbft => self.with_extra(&[&self.items[..3], &[vec![0x80], vec![0xc0]]].concat()),
            Kind::Ibft2 => self.with_extra(&self.items[..3]),
        }
    }

    fn signers(&self) -> BTreeSet<Address> {
        let digest = self.digest();
        self.seals.iter().map(|seal| seal.recover_address_from_prehash(&digest).unwrap()).collect()
    }
}

async fn raw_header(devnet: &Devnet, node: usize, number: u64) -> Vec<u8> {
    let raw: Bytes =
        reader(devnet, node).raw_request("debug_getRawHeader".into(), (format!("{number:#x}"),)).await.unwrap();
    raw.to_vec()
}

async fn parsed(devnet: &Devnet, node: usize, block: &Arc<Block>) -> Parsed {
    Parsed::new(&raw_header(devnet, node, block.number()).await, block.kind)
}

async fn start(builder: Builder) -> Devnet {
    builder.on_demand().start().await.unwrap()
}

#[tokio::test]
async fn headers_link_hash_and_recover_at_every_node_and_kind() {
    for kind in [Kind::Qbft, Kind::Ibft2] {
        let devnet = start(Devnet::builder().kind(kind).validators(7).nodes(3)).await;
        devnet.next_rounds(2, 3);
        let mut parent = devnet.head().hash;
        let mut shown = BTreeSet::new();
        for _ in 0..6 {
            let block = devnet.mine().await;
            for node in 0..3 {
                let parsed = parsed(&devnet, node, &block).await;
                assert_eq!(parsed.hash(), block.hash);
                assert_eq!(parsed.header.parent_hash, parent);
                assert_eq!(parsed.validators, devnet.validators());
                assert!(parsed.validators.is_sorted());
                let signers = parsed.signers();
                assert_eq!(signers.len(), quorum(7));
                assert_eq!(parsed.seals.len(), quorum(7));
                assert!(signers.iter().all(|signer| parsed.validators.contains(signer)));
                assert!(parsed.validators.contains(&parsed.header.beneficiary));
                assert_eq!(parsed.header.difficulty, U256::from(1));
                shown.insert(signers);
                let rpc = reader(&devnet, node).get_block(block.number().into()).await.unwrap().unwrap();
                assert_eq!((rpc.header.hash, rpc.header.inner), (block.hash, parsed.header));
            }
            parent = block.hash;
        }
        assert!(shown.len() > 1, "nodes show different quorums");
    }
}

#[tokio::test]
async fn a_higher_round_changes_digest_and_proposer_but_not_the_hash_rule() {
    for (kind, encoded) in [(Kind::Qbft, vec![2]), (Kind::Ibft2, vec![0x84, 0, 0, 0, 2])] {
        let devnet = start(Devnet::builder().kind(kind)).await;
        let order = devnet.validators();
        let first = devnet.mine().await;
        assert_eq!(first.header.beneficiary, order[0]);
        devnet.next_rounds(1, 2);
        let second = devnet.mine().await;
        assert_eq!(second.header.beneficiary, order[3]);
        let parsed = parsed(&devnet, 0, &second).await;
        assert_eq!(parsed.items[3], encoded);
        assert_ne!(parsed.digest(), parsed.hash());
        assert_eq!(parsed.signers().len(), 3);
        assert_eq!(devnet.mine().await.extra.round, 0);
    }
}

#[tokio::test]
async fn each_hardfork_has_its_header_fields() {
    let forks = [
        (Hardfork::Berlin, 15),
        (Hardfork::London, 16),
        (Hardfork::Shanghai, 17),
        (Hardfork::Cancun, 20),
        (Hardfork::Prague, 21),
    ];
    for (hardfork, fields) in forks {
        let devnet = start(Devnet::builder().hardfork(hardfork)).await;
        let provider = provider(&devnet, 0);
        let contract = deploy(&devnet, &provider, STORE).await;
        assert!(send(&devnet, &provider, call(contract, store_call(1, 2))).await.status());
        let raw = raw_header(&devnet, 0, 2).await;
        assert_eq!(items(&raw).len(), fields, "{hardfork:?}");
        let parsed = Parsed::new(&raw, Kind::Qbft);
        assert_eq!(parsed.hash(), devnet.head().hash);
        assert_eq!(parsed.signers().len(), 3);
    }
}

#[tokio::test]
async fn validators_come_and_go_by_votes_in_headers() {
    let devnet = start(Devnet::builder()).await;
    let before = devnet.validators();
    let new = devnet.vote_in(0);
    for vote in 1..=3u64 {
        let block = devnet.mine().await;
        let parsed = parsed(&devnet, 0, &block).await;
        assert_eq!(parsed.validators, before);
        let cast = items(&parsed.items[2]);
        assert_eq!(cast, [alloy::rlp::encode(new), vec![0x81, 0xff]], "vote {vote}");
    }
    // More than half of four voted: in from the next block on.
    let five = parsed(&devnet, 0, &devnet.mine().await).await;
    assert_eq!(five.validators.len(), 5);
    assert!(five.validators.contains(&new));
    assert_eq!(five.items[2], [0xc0]);
    assert_eq!(five.signers().len(), 4);

    devnet.vote_out(before[0]);
    let mut left = 10;
    while devnet.validators().len() == 5 && left > 0 {
        let block = devnet.mine().await;
        let voted = block.extra.vote.map(|vote| (vote.subject, vote.add));
        assert_eq!(voted, Some((before[0], false)));
        left -= 1;
    }
    let four = parsed(&devnet, 0, &devnet.mine().await).await;
    assert_eq!(four.validators.len(), 4);
    assert!(!four.validators.contains(&before[0]));

    let keys = (10..13).map(|index| devnet.new_validator_key(index)).collect();
    devnet.replace_validators(keys);
    let replaced = parsed(&devnet, 0, &devnet.mine().await).await;
    assert_eq!(replaced.validators.len(), 3);
    assert!(replaced.validators.iter().all(|address| !four.validators.contains(address)));
    assert_eq!(replaced.signers().len(), 2);
}

#[tokio::test]
async fn forks_are_fully_sealed_and_provable() {
    let devnet = start(Devnet::builder()).await;
    let provider = provider(&devnet, 0);
    let contract = deploy(&devnet, &provider, STORE).await;
    send(&devnet, &provider, call(contract, store_call(1, 2))).await;
    let real = devnet.head();

    let fork = devnet.fork_header(real.number()).unwrap();
    let parsed = Parsed::new(&fork.raw, Kind::Qbft);
    assert_eq!(parsed.hash(), fork.hash);
    assert_ne!(fork.hash, real.hash);
    assert_eq!(parsed.header.number, real.number());
    assert_eq!(parsed.header.parent_hash, real.header.parent_hash);
    assert_eq!(parsed.signers().len(), 3);

    let plan = ForkPlan { storage: vec![(contract, U256::from(1), U256::from(99))], ..ForkPlan::default() };
    let fork = devnet.chain().fork(real.number(), &plan).unwrap();
    let proof = fork.proof(contract, &[U256::from(1)]);
    assert_eq!(proof.storage_proof[0].value, U256::from(99));
    let key = alloy_trie::Nibbles::unpack(keccak256(B256::from(U256::from(1))));
    let value = Some(alloy::rlp::encode(U256::from(99)));
    alloy_trie::proof::verify_proof(proof.storage_hash, key, value, &proof.storage_proof[0].proof).unwrap();
    let root = alloy_trie::Nibbles::unpack(keccak256(contract));
    let account = alloy_trie::TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    };
    let account = Some(alloy::rlp::encode(account));
    alloy_trie::proof::verify_proof(fork.header.state_root, root, account, &proof.account_proof).unwrap();

    // One block sealed in two rounds is not a fork.
    let plan = ForkPlan { round: Some(5), same_state: true, ..ForkPlan::default() };
    assert_eq!(devnet.chain().fork(real.number(), &plan).unwrap().hash, real.hash);
    assert!(devnet.fork_header(99).is_none());
}

#[tokio::test]
async fn a_node_can_show_too_few_wrong_and_repeated_seals() {
    let devnet = start(Devnet::builder().nodes(2)).await;
    let block = devnet.mine().await;
    devnet.node(0).show_seals(Seals::Count(2));
    assert_eq!(parsed(&devnet, 0, &block).await.signers().len(), 2);
    assert_eq!(parsed(&devnet, 1, &block).await.signers().len(), 3);
    devnet.node(0).show_seals(Seals::Repeated);
    let repeated = parsed(&devnet, 0, &block).await;
    assert_eq!((repeated.seals.len(), repeated.signers().len()), (3, 1));
    devnet.node(0).show_seals(Seals::WrongRound);
    let wrong = parsed(&devnet, 0, &block).await;
    assert_eq!(wrong.hash(), block.hash);
    assert!(wrong.signers().iter().all(|signer| !wrong.validators.contains(signer)));
    devnet.node(0).clear();
    devnet.node(0).inject(lies::seal());
    let bent = parsed(&devnet, 0, &block).await;
    assert_eq!(bent.hash(), block.hash);
    let digest = bent.digest();
    let listed = bent.seals.iter().filter(|seal| {
        seal.recover_address_from_prehash(&digest).is_ok_and(|signer| bent.validators.contains(&signer))
    });
    assert_eq!(listed.count(), 2);
}

#[tokio::test]
async fn time_moves_as_told() {
    let devnet = start(Devnet::builder().genesis_timestamp(1_000)).await;
    let now = devnet.chain().now();
    let first = devnet.mine().await.header.timestamp;
    assert!(first >= now);
    let second = devnet.mine().await.header.timestamp;
    assert!(second > first);
    devnet.advance_time(Duration::from_secs(86_400));
    let later = devnet.mine().await.header.timestamp;
    assert!((second + 86_390..second + 86_410).contains(&later));

    let fast = Devnet::builder().block_time(Duration::from_millis(50)).start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    fast.pause();
    let head = fast.head().number();
    let times: Vec<_> = fast.chain().blocks(1, head).iter().map(|block| block.header.timestamp).collect();
    assert!(times.len() > 5, "{times:?}");
    assert!(times.is_sorted() && times.windows(2).any(|pair| pair[0] == pair[1]));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(fast.head().number() <= head + 1, "paused");
    fast.shutdown().await;
}
