//! The anchor, as an item.

use super::{Item, duration, plain, tree::counted, utc};
use crate::anchor::{Anchor, AnchorClient};
use alloc::{format, string::String};
use lupu_qbft::{overlap_required, quorum};

/// What a person vouches for who trusts an anchor, in the order to be read.
pub fn anchor_item(anchor: &Anchor) -> Item {
    let client = &anchor.client;
    let (of, name) = (kind(client), plain(&anchor.name, 64));
    let words = format!(
        "Everything below follows from this. It says who could finalize blocks of {name} as of one block. Nothing in the \
         file proves it: compare its digest with the one that the chain's operators publish, by another way than the one \
         by which the file came."
    );
    let item = Item::new(format!("The anchor: {name} at block {}", client.height()), words)
        .code("digest", anchor.digest())
        .fact("name", name)
        .fact("client type", of)
        .fact("chain (CAIP-2)", client.chain())
        .fact("host (CAIP-10)", client.host())
        .fact("height", client.height())
        .fact("time", format!("{} ({})", utc(client.timestamp()), client.timestamp()))
        .fact("trusting period", seconds(client.trusting_period()));
    match client {
        AnchorClient::Qbft { state, storage_root, validators } => {
            let (n, rules) = (validators.len(), &state.rules);
            let (top, bottom) = (rules.trust_numerator, rules.trust_denominator);
            item.fact("clock drift", seconds(rules.max_clock_drift))
                .fact("consensus", state.kind.name())
                .fact("quorum", format!("{} of {n} validators: ceil(2·{n}/3)", quorum(n)))
                .fact(
                    "overlap",
                    format!(
                        "{} of {n} must have sealed the next header: the larger of ceil({n}·{top}/{bottom}) and \
                         floor({n}/3)+1",
                        overlap_required(n, top, bottom)
                    ),
                )
                .code("router", format!("{:#x}", state.router))
                .code("router's code hash", state.router_code_hash)
                .code("storage root", storage_root)
                .codes("validator", validators.iter().map(|v| format!("{v:#x}")))
                .checks(&[
                    "AnchorUnknown",
                    "InvalidValidatorSet",
                    "InvalidChainId",
                    "InvalidRouter",
                    "InvalidTrustingPeriod",
                    "InvalidClockDrift",
                    "InvalidTrustLevel",
                    "InvalidInitialState",
                ])
        }
        AnchorClient::Beefy { state, state_root } => item
            .fact("clock drift", seconds(state.rules.max_clock_drift))
            .code("genesis", state.genesis)
            .code("pallet prefix", state.pallet_prefix)
            .fact("first block of the mountain range", state.first_mmr_block)
            .code("state root", state_root)
            .fact("authority set", beefy_set(&state.current))
            .code("root of the set", state.current.root)
            .fact("next set", beefy_set(&state.next))
            .code("root of the next set", state.next.root)
            .checks(&[
                "AnchorUnknown",
                "InvalidIdentity",
                "InvalidTrustingPeriod",
                "InvalidClockDrift",
                "InvalidFirstBlock",
                "InvalidAuthoritySet",
                "InvalidInitialState",
            ]),
        AnchorClient::Grandpa { state, state_root, header_hash, set_id, authorities } => item
            .fact("clock drift", seconds(state.rules.max_clock_drift))
            .code("genesis", state.genesis)
            .code("pallet prefix", state.pallet_prefix)
            .code("block hash", header_hash)
            .code("state root", state_root)
            .fact(
                "authority set",
                format!(
                    "{set_id}: {}, weight {} needed of {}",
                    counted(authorities.authorities().len(), "authority", "authorities"),
                    authorities.threshold(),
                    authorities.total_weight()
                ),
            )
            .codes("authority", authorities.authorities().iter().map(|a| format!("{} weight {}", a.key, a.weight)))
            .checks(&[
                "AnchorUnknown",
                "InvalidIdentity",
                "InvalidTrustingPeriod",
                "InvalidClockDrift",
                "InvalidInitialState",
            ]),
    }
}

/// A duration, and exactly.
fn seconds(n: u64) -> String {
    format!("{} ({n} s)", duration(n))
}

fn beefy_set(set: &lupu_beefy::AuthoritySet) -> String {
    let n = usize::try_from(set.len).unwrap_or(usize::MAX);
    format!("{}: {}, {} signatures needed", set.id, counted(n, "authority", "authorities"), set.threshold())
}

fn kind(client: &AnchorClient) -> &'static str {
    match client {
        AnchorClient::Qbft { .. } => "qbft: validators seal blocks",
        AnchorClient::Beefy { .. } => "beefy: authorities sign commitments to the chain's history",
        AnchorClient::Grandpa { .. } => "grandpa: authorities vote for blocks",
    }
}
