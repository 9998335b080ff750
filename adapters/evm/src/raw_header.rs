//! The raw header of a block, rebuilt from what `eth_getBlockByNumber` shows.

use crate::json::{FieldError, data_at, hash_at, quantity};
use alloy::{
    primitives::U256,
    rlp::{Encodable, Header as ListHeader},
};
use serde_json::Value;

/// Fields behind the fifteenth, in the order of the forks that brought them (Besu `BlockHeader`):
/// London, Shanghai, Cancun (three), Prague, EIP-7928, EIP-7843.
const LATER: [(&str, Form); 8] = [
    ("baseFeePerGas", Form::Quantity),
    ("withdrawalsRoot", Form::Hash),
    ("blobGasUsed", Form::Quantity),
    ("excessBlobGas", Form::Quantity),
    ("parentBeaconBlockRoot", Form::Hash),
    ("requestsHash", Form::Hash),
    ("blockAccessListHash", Form::Hash),
    ("slotNumber", Form::Quantity),
];

#[derive(Clone, Copy)]
enum Form {
    Quantity,
    Hash,
    Data,
}

/// The first fifteen fields.
const FIRST: [(&str, Form); 15] = [
    ("parentHash", Form::Hash),
    ("sha3Uncles", Form::Hash),
    ("miner", Form::Data),
    ("stateRoot", Form::Hash),
    ("transactionsRoot", Form::Hash),
    ("receiptsRoot", Form::Hash),
    ("logsBloom", Form::Data),
    ("difficulty", Form::Quantity),
    ("number", Form::Quantity),
    ("gasLimit", Form::Quantity),
    ("gasUsed", Form::Quantity),
    ("timestamp", Form::Quantity),
    ("extraData", Form::Data),
    ("mixHash", Form::Hash),
    ("nonce", Form::Data),
];

/// The RLP of a block's header. Whether it is the header that the node hashed is for the caller
/// to check: a field that this table does not know changes the hash.
pub fn rebuild(block: &Value) -> Result<Vec<u8>, FieldError> {
    let mut items = Vec::with_capacity(1024);
    for (field, form) in FIRST {
        put(&mut items, block, field, form)?;
    }
    let present = |field: &str| block.get(field).is_some_and(|v| !v.is_null());
    for (field, form) in LATER.into_iter().take_while(|(field, _)| present(field)) {
        put(&mut items, block, field, form)?;
    }
    let mut out = Vec::with_capacity(items.len() + 4);
    ListHeader { list: true, payload_length: items.len() }.encode(&mut out);
    out.extend_from_slice(&items);
    Ok(out)
}

fn put(out: &mut Vec<u8>, block: &Value, field: &'static str, form: Form) -> Result<(), FieldError> {
    match form {
        Form::Quantity => {
            let n: U256 = quantity(block.get(field).unwrap_or(&Value::Null), field)?;
            n.encode(out);
        }
        Form::Hash => hash_at(block, field)?.encode(out),
        Form::Data => data_at(block, field)?.encode(out),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{B256, Bytes, keccak256};
    use serde_json::json;

    fn block() -> Value {
        let word = format!("{:?}", B256::repeat_byte(7));
        let mut block = json!({
            "number": "0x10", "difficulty": "0x1", "gasLimit": "0x1c9c380", "gasUsed": "0x0", "timestamp": "0x65",
            "miner": format!("0x{}", "11".repeat(20)), "logsBloom": format!("0x{}", "00".repeat(256)),
            "extraData": "0x", "nonce": "0x0000000000000000",
        });
        for field in ["parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot", "mixHash"] {
            block[field] = json!(word);
        }
        block
    }

    /// An encoder of another make: every item of at most 55 bytes and longer ones by hand.
    fn list(items: &[Vec<u8>]) -> Vec<u8> {
        let item = |b: &Vec<u8>| match b.len() {
            1 if b[0] < 0x80 => b.clone(),
            n if n < 56 => [vec![0x80 + n as u8], b.clone()].concat(),
            n => [vec![0xb9, (n >> 8) as u8, n as u8], b.clone()].concat(),
        };
        let body: Vec<u8> = items.iter().flat_map(item).collect();
        [vec![0xf9, (body.len() >> 8) as u8, body.len() as u8], body].concat()
    }

    #[test]
    fn fifteen_fields_and_later_ones() {
        let w = vec![7u8; 32];
        let mut fields = vec![
            w.clone(),
            w.clone(),
            vec![0x11; 20],
            w.clone(),
            w.clone(),
            w.clone(),
            vec![0; 256],
            vec![1],
            vec![0x10],
            vec![0x01, 0xc9, 0xc3, 0x80],
            vec![],
            vec![0x65],
            vec![],
            w.clone(),
            vec![0; 8],
        ];
        assert_eq!(keccak256(rebuild(&block()).unwrap()), keccak256(list(&fields)));
        let mut cancun = block();
        cancun["baseFeePerGas"] = json!("0x0");
        cancun["withdrawalsRoot"] = json!(format!("0x{}", "07".repeat(32)));
        cancun["blobGasUsed"] = json!("0x0");
        cancun["excessBlobGas"] = json!("0x80");
        fields.extend([vec![], w, vec![], vec![0x80]]);
        assert_eq!(Bytes::from(rebuild(&cancun).unwrap()), Bytes::from(list(&fields)));
    }

    #[test]
    fn a_missing_field_is_named() {
        let mut block = block();
        block["stateRoot"] = Value::Null;
        assert_eq!(rebuild(&block).unwrap_err().field, "stateRoot");
        block["stateRoot"] = json!("0x07");
        assert_eq!(rebuild(&block).unwrap_err().reason, "not 32 bytes");
    }
}
