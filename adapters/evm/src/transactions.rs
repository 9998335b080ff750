//! Signing, replacing and sending transactions, and the words in which nodes refuse them.

use crate::{fees::GasPrice, rpc::NodeError};
use alloy::{
    consensus::{SignableTransaction, Transaction, TxEip1559, TxEnvelope, TxLegacy},
    eips::{Decodable2718, Encodable2718},
    primitives::{Address, B256, Bytes, TxKind, U256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use lupu_adapter::ErrorKind;

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// EVM chain id.
    pub chain_id: u64,
    /// The sender's nonce.
    pub nonce: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// Price of gas.
    pub price: GasPrice,
    /// Contract called; `None` creates one.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// Calldata or init code.
    pub input: Bytes,
}

impl Unsigned {
    /// Signs. Returns the hash and the bytes to send.
    pub fn sign(&self, signer: &PrivateKeySigner) -> Result<(B256, Vec<u8>), alloy::signers::Error> {
        let to = self.to.map_or(TxKind::Create, TxKind::Call);
        let envelope: TxEnvelope = match self.price {
            GasPrice::Legacy(gas_price) => {
                let tx = TxLegacy {
                    chain_id: Some(self.chain_id),
                    nonce: self.nonce,
                    gas_price,
                    gas_limit: self.gas_limit,
                    to,
                    value: self.value,
                    input: self.input.clone(),
                };
                let signature = signer.sign_hash_sync(&tx.signature_hash())?;
                tx.into_signed(signature).into()
            }
            GasPrice::Dynamic { max_fee, priority } => {
                let tx = TxEip1559 {
                    chain_id: self.chain_id,
                    nonce: self.nonce,
                    gas_limit: self.gas_limit,
                    max_fee_per_gas: max_fee,
                    max_priority_fee_per_gas: priority,
                    to,
                    value: self.value,
                    access_list: Default::default(),
                    input: self.input.clone(),
                };
                let signature = signer.sign_hash_sync(&tx.signature_hash())?;
                tx.into_signed(signature).into()
            }
        };
        Ok((*envelope.tx_hash(), envelope.encoded_2718()))
    }

    /// Reads a signed transaction back. `None` for bytes that are not a transaction of ours.
    pub fn decode(raw: &[u8]) -> Option<Self> {
        let envelope = TxEnvelope::decode_2718_exact(raw).ok()?;
        let price = match &envelope {
            TxEnvelope::Legacy(tx) => GasPrice::Legacy(tx.tx().gas_price),
            TxEnvelope::Eip1559(tx) => {
                GasPrice::Dynamic { max_fee: tx.tx().max_fee_per_gas, priority: tx.tx().max_priority_fee_per_gas }
            }
            _ => return None,
        };
        Some(Self {
            chain_id: envelope.chain_id()?,
            nonce: envelope.nonce(),
            gas_limit: envelope.gas_limit(),
            price,
            to: envelope.to(),
            value: envelope.value(),
            input: envelope.input().clone(),
        })
    }
}

/// What a node's refusal of a transaction means; `None`: it has the transaction already, which is
/// as good as accepting it. In the words of geth, GoQuorum, Besu, Nethermind, anvil and Hardhat.
pub fn refusal(error: &NodeError) -> Option<ErrorKind> {
    let text = error.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if says(&["already known", "known transaction", "already imported", "alreadyknown", "already in the pool"]) {
        return None;
    }
    let kind = if says(&[
        "underpriced",
        "replacement",
        "fee too low",
        "feetoolow",
        "gas price below",
        "below configured minimum",
        // The base fee, in the words of geth and anvil, Besu, Hardhat.
        "less than block base fee",
        "below current base fee",
        "too low for the next block",
    ]) {
        ErrorKind::Underpriced
    } else if says(&["nonce too low", "nonce below", "oldnonce", "nonce is too low", "nonce has already been used"]) {
        ErrorKind::NonceTaken
    } else if says(&[
        "insufficient funds",
        "upfront cost",
        "insufficientfunds",
        "exceeds account balance",
        "insufficient balance",
    ]) {
        ErrorKind::Funds
    } else {
        ErrorKind::Rejected
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(price: GasPrice) -> Unsigned {
        Unsigned {
            chain_id: 1001,
            nonce: 7,
            gas_limit: 100_000,
            price,
            to: Some(Address::repeat_byte(1)),
            value: U256::ZERO,
            input: Bytes::from_static(&[1, 2, 3]),
        }
    }

    #[test]
    fn what_is_signed_reads_back() {
        let signer = PrivateKeySigner::from_slice(&[9; 32]).unwrap();
        for price in [GasPrice::Legacy(0), GasPrice::Dynamic { max_fee: 9, priority: 1 }] {
            let tx = unsigned(price);
            let (hash, raw) = tx.sign(&signer).unwrap();
            assert_eq!(Unsigned::decode(&raw), Some(tx));
            assert_eq!(hash, alloy::primitives::keccak256(&raw));
        }
        assert_eq!(Unsigned::decode(&[1, 2, 3]), None);
    }

    #[test]
    fn refusals_of_six_nodes() {
        use ErrorKind::*;
        let kind = |message: &str| refusal(&NodeError { code: -32000, message: message.into(), data: None });
        assert_eq!(kind("already known"), None);
        assert_eq!(kind("Known transaction"), None);
        assert_eq!(kind("AlreadyKnown"), None);
        assert_eq!(kind("nonce too low: next nonce 5, tx nonce 3"), Some(NonceTaken));
        assert_eq!(kind("Nonce too low"), Some(NonceTaken));
        assert_eq!(kind("OldNonce, Current nonce: 5"), Some(NonceTaken));
        assert_eq!(kind("Transaction nonce below sender account nonce"), Some(NonceTaken));
        assert_eq!(kind("insufficient funds for gas * price + value"), Some(Funds));
        assert_eq!(kind("Upfront cost exceeds account balance"), Some(Funds));
        assert_eq!(kind("replacement transaction underpriced"), Some(Underpriced));
        assert_eq!(kind("Gas price below configured minimum gas price"), Some(Underpriced));
        assert_eq!(kind("FeeTooLow, MaxFeePerGas too low"), Some(Underpriced));
        assert_eq!(kind("max fee per gas less than block base fee"), Some(Underpriced));
        assert_eq!(kind("gas price is below current base fee"), Some(Underpriced));
        let hardhat = "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7";
        assert_eq!(kind(hardhat), Some(Underpriced));
        assert_eq!(kind("intrinsic gas too low"), Some(Rejected));
        assert_eq!(kind("exceeds block gas limit"), Some(Rejected));
    }
}
