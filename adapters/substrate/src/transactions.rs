//! Extrinsics: built by the runtime's metadata, signed, read back, signed again.

use crate::{
    keys::Key,
    runtime::{CodecError, Runtime, codec_error},
};
use alloy_primitives::B256;
use lupu_adapter::ErrorKind;
use lupu_rpc::ErrorObject;
use lupu_substrate_state::blake2_256;
use subxt::{
    SubstrateConfig,
    config::DefaultExtrinsicParamsBuilder,
    ext::{
        codec::Decode,
        frame_decode::extrinsics::decode_extrinsic,
        scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter, TypeResolver},
    },
    tx::{DynamicPayload, dynamic},
    utils::{Era, H256},
};

use crate::rpc::NodeError;

/// What an extrinsic is signed for besides its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The account's nonce.
    pub nonce: u64,
    /// Paid on top, where the chain takes tips.
    pub tip: u128,
    /// Blocks for which it is valid, from the block after `from`.
    pub mortality: u64,
    /// Number and hash of a block of the chain.
    pub from: (u64, B256),
}

/// Signs a call. Returns the extrinsic's hash and its bytes.
pub fn sign<D: EncodeAsFields>(
    runtime: &Runtime,
    payload: &DynamicPayload<D>,
    terms: &Terms,
    key: &Key,
) -> Result<(B256, Vec<u8>), CodecError> {
    let what = || format!("{}.{}", payload.pallet_name(), payload.call_name());
    let (number, hash) = terms.from;
    let parameters = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
        .nonce(terms.nonce)
        .tip(terms.tip)
        .mortal_from_unchecked(terms.mortality, number, H256(hash.0))
        .build();
    let client = runtime.subxt().tx();
    let mut signable = client.create_signable_offline(payload, parameters).map_err(|e| codec_error(what(), e))?;
    let signed = signable.sign(key.pair()).map_err(|e| codec_error(what(), e))?.into_encoded();
    Ok((blake2_256(&signed), signed))
}

/// Arguments that are encoded already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Vec<u8>);

impl EncodeAsFields for Encoded {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _fields: &mut dyn FieldIter<'_, R::TypeId>,
        _types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// A signed extrinsic read back.
pub struct Read {
    /// The call it carries.
    pub payload: DynamicPayload<Encoded>,
    /// Its tip, 0 where the chain takes none.
    pub tip: u128,
    /// Blocks for which it is valid; `None`: for ever.
    pub mortality: Option<u64>,
}

/// Reads a signed extrinsic by a runtime's metadata.
pub fn read(runtime: &Runtime, raw: &[u8]) -> Result<Read, CodecError> {
    let metadata = runtime.metadata();
    let cursor = &mut &*raw;
    let wrong = |e: String| codec_error("extrinsic", e);
    let decoded = decode_extrinsic(cursor, &*metadata, metadata.types()).map_err(|e| wrong(e.to_string()))?;
    if !cursor.is_empty() {
        return Err(wrong(format!("{} bytes left", cursor.len())));
    }
    let part = |range: std::ops::Range<usize>| raw.get(range).unwrap_or_default();
    let arguments = part(decoded.call_data_args_range()).to_vec();
    let payload = dynamic(decoded.pallet_name(), decoded.call_name(), Encoded(arguments));
    let (mut tip, mut mortality) = (0, None);
    for extension in decoded.transaction_extension_payload().into_iter().flat_map(|e| e.iter()) {
        let mut bytes = part(extension.range());
        match extension.name() {
            "CheckMortality" | "CheckEra" => {
                if let Ok(Era::Mortal { period, .. }) = Era::decode(&mut bytes) {
                    mortality = Some(period);
                }
            }
            "ChargeTransactionPayment" => {
                tip = subxt::ext::codec::Compact::<u128>::decode(&mut bytes).map_or(0, |t| t.0);
            }
            _ => {}
        }
    }
    Ok(Read { payload, tip, mortality })
}

/// A tip that a pool takes for a replacement: an eighth more, and more than nothing.
pub fn raised(tip: u128) -> u128 {
    tip.saturating_add((tip / 8).max(1))
}

/// What a pool's refusal of an extrinsic means; `None`: it has the extrinsic, or has just had it,
/// which is as good as accepting it. Codes and words are those of Substrate's `author` RPC.
pub fn refusal(error: &NodeError) -> Option<ErrorKind> {
    let text = error.text().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    match error.code {
        // Temporarily banned: included a moment ago, or refused a moment ago.
        1012 | 1013 => None,
        1014 => Some(ErrorKind::Underpriced),
        _ if says(&["already imported", "already known"]) => None,
        _ if says(&["outdated", "stale"]) => Some(ErrorKind::NonceTaken),
        _ if says(&["inability to pay", "balance too low"]) => Some(ErrorKind::Funds),
        _ if says(&["priority is too low", "toolowpriority"]) => Some(ErrorKind::Underpriced),
        _ => Some(ErrorKind::Rejected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_a_pool() {
        use ErrorKind::*;
        let kind = |code, message: &str, data: &str| {
            refusal(&NodeError { code, message: message.into(), data: Some(data.into()) })
        };
        assert_eq!(kind(1013, "Transaction Already Imported", ""), None);
        assert_eq!(kind(1012, "Transaction is temporarily banned", ""), None);
        assert_eq!(kind(1010, "Invalid Transaction", "Transaction is outdated"), Some(NonceTaken));
        assert_eq!(
            kind(1010, "Invalid Transaction", "Inability to pay some fees (e.g. account balance too low)"),
            Some(Funds)
        );
        assert_eq!(kind(1014, "Priority is too low: (0 vs 0)", ""), Some(Underpriced));
        assert_eq!(kind(1010, "Invalid Transaction", "Transaction has a bad signature"), Some(Rejected));
    }

    #[test]
    fn a_replacement_tips_more() {
        assert_eq!(raised(0), 1);
        assert_eq!(raised(1), 2);
        assert_eq!(raised(80), 90);
        assert_eq!(raised(u128::MAX), u128::MAX);
    }
}
