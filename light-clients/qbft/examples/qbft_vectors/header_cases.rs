//! Raw headers: published ones, made ones, malformed ones.

use crate::{
    common::{Block, Scenario, Validator, list, no_vote, number, reference, string, vote},
    update_header_cases::malformed,
};
use alloy_primitives::{Address, B256, Bytes, U256, address, b256, hex};
use lupu_qbft::{
    Header,
    Kind::{self, Ibft2, Qbft},
};
use serde_json::{Value, json};

/// A good header. Hashes are what the builder, or the source, says.
fn case(name: &str, source: &str, kind: Kind, raw: &[u8], hash: B256, digest: B256) -> Value {
    let h = reference::header(kind as u64, raw).expect("a good header");
    assert_eq!((h.hash, h.digest), (hash, digest), "{name}");
    let signers: Vec<Address> = h.seals.iter().map(|s| reference::signer(&h.digest, s).unwrap_or_default()).collect();
    json!({
        "name": name,
        "source": source,
        "kind": kind.name(),
        "header": hex::encode_prefixed(raw),
        "expect": "ok",
        "field": "",
        "at": 0,
        "hash": hash,
        "commit_digest": digest,
        "parent_hash": h.parent_hash,
        "coinbase": h.coinbase,
        "state_root": h.state_root,
        "number": h.number,
        "timestamp": h.timestamp,
        "round": h.round,
        "validators": h.validators,
        "signers": signers,
    })
}

/// A malformed header. Field and byte are what the Rust decoder says: pinned, since people read
/// them, and no part of the verdict.
fn bad(name: &str, source: &str, kind: Kind, raw: &[u8]) -> Value {
    assert!(reference::header(kind as u64, raw).is_none(), "{name}");
    let error = Header::decode(kind, raw).expect_err(name);
    json!({
        "name": name,
        "source": source,
        "kind": kind.name(),
        "header": hex::encode_prefixed(raw),
        "expect": "MalformedHeader",
        "field": error.field,
        "at": error.at,
        "hash": B256::ZERO,
        "commit_digest": B256::ZERO,
        "parent_hash": B256::ZERO,
        "coinbase": Address::ZERO,
        "state_root": B256::ZERO,
        "number": 0,
        "timestamp": 0,
        "round": 0,
        "validators": Vec::<Address>::new(),
        "signers": Vec::<Address>::new(),
    })
}

fn made(name: &str, block: &Block, signers: &[Validator]) -> Value {
    let raw = block.sealed(signers);
    case(name, "made", block.kind, &raw, block.hash(), block.digest())
}

pub fn cases() -> Vec<Value> {
    let mut out = published();
    out.extend(live());
    for kind in [Qbft, Ibft2] {
        for n in [1, 4, 7, 16] {
            let s = Scenario::new(kind, n);
            out.push(made(&format!("made_{}_{n}", kind.name()), &s.block, &s.signers));
        }
        for round in [1, 0x80, 0xfedcba, u32::MAX] {
            let mut s = Scenario::new(kind, 4);
            s.block.round = round;
            let name = format!("made_{}_round_{round}", kind.name());
            out.push(made(&name, &s.block, &s.signers));
        }
        let mut s = Scenario::new(kind, 4);
        s.block.trailing = (0..6).map(|i| number(i * 1_000)).collect();
        out.push(made(&format!("made_{}_21_fields", kind.name()), &s.block, &s.signers));
        let mut s = Scenario::new(kind, 4);
        s.signers.clear();
        out.push(made(&format!("made_{}_no_seals", kind.name()), &s.block, &s.signers));
        let mut s = Scenario::new(kind, 4);
        s.block.validators.clear();
        s.signers.truncate(1);
        out.push(made(&format!("made_{}_no_validators", kind.name()), &s.block, &s.signers));
        let mut s = Scenario::new(kind, 4);
        s.block.number = 0;
        s.block.timestamp = 0;
        s.block.gas_used = u64::MAX;
        s.block.gas_limit = u64::MAX;
        out.push(made(&format!("made_{}_extremes", kind.name()), &s.block, &[]));
        let mut s = Scenario::new(kind, 4);
        s.block.number = u64::MAX;
        s.block.timestamp = u64::MAX;
        out.push(made(&format!("made_{}_largest", kind.name()), &s.block, &s.signers));
    }
    for (name, what, kind, raw) in malformed() {
        out.push(bad(&name, what, kind, &raw));
    }
    out
}

/// A block of a live network: its seals are by three of its four validators.
fn live() -> Vec<Value> {
    let l = crate::live_cases::live();
    let h = reference::header(0, &l.header).unwrap();
    let signers = h.seals.iter().map(|s| reference::signer(&h.digest, s).unwrap());
    assert!(signers.clone().all(|s| h.validators.contains(&s)) && signers.count() == 3);
    assert!(h.validators.contains(&h.coinbase));
    vec![case("live_besu", &l.source, Qbft, &l.header, h.hash, h.digest)]
}

/// The block of Besu's BftBlockHashingTest, with the round and the vote that its seals cover.
fn besu_hashing_test(kind: Kind) -> Block {
    Block {
        kind,
        parent_hash: b256!("a7762d3307dbf2ae6a1ae1b09cf61c7603722b2379731b6b90409cdb8c8288a0"),
        coinbase: Address::ZERO,
        state_root: b256!("ca07595b82f908822971b7e848398e3395e59ee52565c7ef3603df1a1fa7bc80"),
        number: 1,
        gas_limit: 4_704_588,
        gas_used: 0,
        timestamp: 1_530_674_616,
        vanity: (0..32).collect(),
        validators: vec![Address::with_last_byte(1), Address::with_last_byte(2)],
        vote: vote(Address::with_last_byte(3), &[0xff]),
        round: 0x00fe_dcba,
        trailing: Vec::new(),
    }
}

fn published() -> Vec<Value> {
    let mut out = Vec::new();
    let keys: Vec<Validator> = (1u8..=4).map(|i| Validator::from_secret(U256::from(i).into())).collect();
    let block = besu_hashing_test(Ibft2);
    assert_eq!(block.digest(), b256!("b1d26d018658f2556a2c3f0080596055cb0d05bcab91397f8ae8f01ea831559c"));
    assert_eq!(block.hash(), b256!("8d8736980278155e486cf0543c0a53cd3a3c961c3b976c6a4ac7dc5310dad88d"));
    let source = "header of Besu BftBlockHashingTest, keys 1 to 4; the test asserts no literal";
    let raw = block.sealed(&keys);
    out.push(case("besu_hashing_ibft2", source, Ibft2, &raw, block.hash(), block.digest()));
    let block = besu_hashing_test(Qbft);
    let raw = block.sealed(&keys);
    let source = "the same header with QBFT extraData";
    out.push(case("besu_hashing_qbft", source, Qbft, &raw, block.hash(), block.digest()));

    // Published extraData, inside the header of the same test.
    let two_seals = |kind| {
        let mut block = besu_hashing_test(kind);
        block.vanity = (1..=32).collect();
        block.vote = vote(Address::with_last_byte(1), &[0xff]);
        let word = |n: u8| B256::with_last_byte(n);
        let seal = |r, s| [word(r).as_slice(), word(s).as_slice(), &[0]].concat();
        (block, vec![seal(1, 10), seal(10, 1)])
    };
    let extras: [(&str, &str, Kind, Bytes); 3] = [
        (
            "besu_extra_qbft",
            "Besu QbftExtraDataCodecTest",
            Qbft,
            hex!(
                "f8f0a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ea9400000000"
                "00000000000000000000000000000001940000000000000000000000000000000000000002d7940000"
                "00000000000000000000000000000000000181ff83fedcbaf886b84100000000000000000000000000"
                "0000000000000000000000000000000000000100000000000000000000000000000000000000000000"
                "0000000000000000000a00b84100000000000000000000000000000000000000000000000000000000"
                "0000000a000000000000000000000000000000000000000000000000000000000000000100"
            )
            .into(),
        ),
        (
            "besu_extra_qbft_genesis",
            "Besu RLPSubCommandTest",
            Qbft,
            hex!(
                "f84fa00000000000000000000000000000000000000000000000000000000000000000ea94be068f72"
                "6a13c8d46c44be6ce9d275600e1735a4945ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193c080c0"
            )
            .into(),
        ),
        (
            "besu_extra_contract_mode",
            "Besu genesis_validator_contract.json: no validators listed",
            Qbft,
            hex!("e5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0").into(),
        ),
    ];
    for (name, source, kind, extra) in extras {
        let raw = list(&besu_hashing_test(kind).items(&extra));
        let h = reference::header(kind as u64, &raw).unwrap();
        out.push(case(name, source, kind, &raw, h.hash, h.digest));
    }
    let (block, seals) = two_seals(Qbft);
    let extra = list(&block.extra(&seals));
    assert_eq!(out[2]["header"], hex::encode_prefixed(list(&block.items(&extra))));
    let (block, seals) = two_seals(Ibft2);
    let extra = list(&block.extra(&seals));
    assert!(hex::encode(&extra).starts_with("f8f1a00102"));
    assert!(hex::encode(&extra).contains("0181ff8400fedcbaf886b841"));
    let source = "Besu IbftExtraDataRLPEncoderTest";
    let raw = list(&block.items(&extra));
    out.push(case("besu_extra_ibft2", source, Ibft2, &raw, block.hash(), block.digest()));

    let mut block = besu_hashing_test(Ibft2);
    block.vanity = vec![0; 32];
    block.vote = no_vote(Ibft2);
    block.round = 0;
    block.validators = vec![
        address!("be068f726a13c8d46c44be6ce9d275600e1735a4"),
        address!("5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193"),
    ];
    let extra = hex::encode(list(&block.extra(&[])));
    assert!(extra.starts_with("f853a000") && extra.ends_with("808400000000c0"), "{extra}");
    let raw = block.raw(&[]);
    let source = "Besu RLPSubCommandTest";
    let name = "besu_extra_ibft2_genesis";
    out.push(case(name, source, Ibft2, &raw, block.hash(), block.digest()));

    let set = [
        address!("44add0ec310f115a0e603b2d7db9f067778eaf8a"),
        address!("294fc7e8f22b3bcdcf955dd7ff3ba2ed833f8212"),
        address!("6beaaed781d2d2ab6350f5c4566a2c6eaac407a6"),
        address!("8be76812f765c24641ec63dc2852b378aba2b440"),
    ];
    let mut block = besu_hashing_test(Qbft);
    block.vanity = vec![0; 32];
    block.vote = no_vote(Qbft);
    block.round = 0;
    block.validators = set.to_vec();
    let extra = hex::encode(list(&block.extra(&[])));
    assert!(extra.starts_with("f87aa000") && extra.contains("f8549444add0ec310f115a"), "{extra}");
    assert!(extra.ends_with("8be76812f765c24641ec63dc2852b378aba2b440c080c0"), "{extra}");
    let source = "GoQuorum qbft engine_test.go TestPrepareExtra: validators not ascending";
    let name = "goquorum_prepare_extra";
    out.push(case(name, source, Qbft, &block.raw(&[]), block.hash(), block.digest()));
    let source = "GoQuorum qbft engine_test.go TestWriteRoundNumber: no vanity";
    block.vanity = Vec::new();
    block.round = 5;
    out.push(bad("goquorum_no_vanity", source, Qbft, &block.raw(&[])));
    let mut old = besu_hashing_test(Qbft);
    old.vote = string(&[]);
    let source = "Consensys qbft-tests bft_extra_data.json of 2021: no vote as in IBFT 2.0";
    out.push(bad("qbft_tests_2021_vote", source, Qbft, &old.raw(&[])));
    let mut extra = besu_hashing_test(Qbft).extra(&[]);
    extra[3] = string(&[0, 0xfe, 0xdc, 0xba]);
    let raw = besu_hashing_test(Qbft).with_extra(&extra);
    let source = "Consensys qbft-tests bft_extra_data.json of 2021: round of four bytes";
    out.push(bad("qbft_tests_2021_round", source, Qbft, &raw));
    out
}
