//! What the tests share: JSON-RPC over a plain socket, and the checks that upstream's crates make.
#![allow(dead_code, reason = "each test uses its own part")]

use codec::Decode;
use lupu_substrate_devnet::Devnet;
use serde_json::{Value, json};
use sp_core::H256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A chain that makes blocks when told to.
pub async fn on_demand(name: &str) -> Devnet {
    Devnet::builder().name(name).on_demand().start().await.unwrap()
}

/// One JSON-RPC request over HTTP; the whole answer.
pub async fn rpc(devnet: &Devnet, method: &str, params: Value) -> Value {
    rpc_at(&devnet.http_url(0), method, params).await
}

/// The same, of an endpoint.
pub async fn rpc_at(url: &str, method: &str, params: Value) -> Value {
    let host = url.strip_prefix("http://").unwrap();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return serde_json::from_str(&unchunked(body)).unwrap();
    }
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{head}\n{body}"))
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

/// The result of a request that must succeed.
pub async fn ask(devnet: &Devnet, method: &str, params: Value) -> Value {
    let answer = rpc(devnet, method, params).await;
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].clone()
}

/// The bytes of a hex string.
pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

/// Bytes in hex.
pub fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// The hash in a hex string.
pub fn hash(value: &Value) -> H256 {
    H256::from_slice(&bytes(value))
}

/// The storage key of a plain item.
pub fn item(pallet: &str, name: &str) -> Vec<u8> {
    [sp_crypto_hashing::twox_128(pallet.as_bytes()), sp_crypto_hashing::twox_128(name.as_bytes())].concat()
}

/// Checks a justification with upstream's rules, against the set that the chain says is in force.
pub fn grandpa_is_valid(devnet: &Devnet, number: u32, justification: &[u8]) -> Result<(), String> {
    use lupu_substrate_devnet::runtime::Header;
    use sp_consensus_grandpa::{AuthorityId, GrandpaJustification, check_message_signature};
    use std::collections::HashMap;

    let decoded = GrandpaJustification::<Header>::decode(&mut &justification[..]).map_err(|e| e.to_string())?;
    let block = devnet.chain().block(number).ok_or("no such block")?;
    if (decoded.commit.target_hash, decoded.commit.target_number) != (block.hash, number) {
        return Err("another target".into());
    }
    let set = devnet.chain().grandpa_set(number);
    let voters = finality_grandpa::voter_set::VoterSet::<AuthorityId>::new(set.authorities).ok_or("no voters")?;
    struct Ancestry(HashMap<H256, Header>);
    impl finality_grandpa::Chain<H256, u32> for Ancestry {
        fn ancestry(&self, base: H256, block: H256) -> Result<Vec<H256>, finality_grandpa::Error> {
            let mut route = Vec::new();
            let mut current = block;
            while current != base {
                let header = self.0.get(&current).ok_or(finality_grandpa::Error::NotDescendent)?;
                current = header.parent_hash;
                route.push(current);
            }
            route.pop();
            Ok(route)
        }
    }
    let ancestry = Ancestry(decoded.votes_ancestries.iter().map(|header| (header.hash(), header.clone())).collect());
    let result =
        finality_grandpa::validate_commit(&decoded.commit, &voters, &ancestry).map_err(|e| format!("{e:?}"))?;
    if !result.is_valid() {
        return Err("the commit is not valid".into());
    }
    for signed in &decoded.commit.precommits {
        let message = finality_grandpa::Message::Precommit(signed.precommit.clone());
        let checked = check_message_signature(&message, &signed.id, &signed.signature, decoded.round, set.id);
        if !matches!(checked, sp_consensus_grandpa::SignatureResult::Valid) {
            return Err("a signature is not valid".into());
        }
    }
    Ok(())
}

/// Checks a BEEFY proof with upstream's rules, against the set that the chain says is in force.
pub fn beefy_is_valid(devnet: &Devnet, number: u32, proof: &[u8]) -> Result<H256, String> {
    use codec::Encode;
    use sp_consensus_beefy::ecdsa_crypto::Signature;
    use sp_consensus_beefy::known_payloads::MMR_ROOT_ID;
    use sp_consensus_beefy::{BeefyAuthorityId, VersionedFinalityProof};

    let decoded = VersionedFinalityProof::<u32, Signature>::decode(&mut &proof[..]).map_err(|e| e.to_string())?;
    let VersionedFinalityProof::V1(signed) = decoded;
    let set = devnet.chain().beefy_set(number);
    if (signed.commitment.block_number, signed.commitment.validator_set_id) != (number, set.id()) {
        return Err("another block or set".into());
    }
    let message = signed.commitment.encode();
    let good = set
        .validators()
        .iter()
        .zip(&signed.signatures)
        .filter(|(id, signature)| signature.as_ref().is_some_and(|signature| id.verify(signature, &message)))
        .count();
    if good != signed.signature_count() || good < lupu_substrate_devnet::threshold(set.len()) {
        return Err(format!("{good} good signatures"));
    }
    signed.commitment.payload.get_decoded::<H256>(&MMR_ROOT_ID).ok_or_else(|| "no root".into())
}
