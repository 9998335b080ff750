//! Updates of EVM chains: sealed headers, and the router's account in their state.

use super::{
    Item,
    tree::hex,
    update::{Follow, TIME_CHECKS, With, changes, time},
    utc,
};
use crate::bundle::Update;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::Address;
use lupu_ethereum_state::{Account, account_key};
use lupu_qbft::{ClientState, Header, K256, overlap_required, quorum};
use lupu_standard::TimestampSecs;

pub(super) struct Qbft<'a> {
    state: &'a ClientState,
    trusted: Vec<Address>,
    time: TimestampSecs,
}

impl<'a> Qbft<'a> {
    pub(super) fn new(state: &'a ClientState, validators: &[Address]) -> Self {
        Self { state, trusted: validators.to_vec(), time: state.latest_timestamp }
    }

    fn seals(&self, header: &Header, signers: &[Address], bad: &[String]) -> Item {
        let list = header.validators();
        let (n, found, required) = (list.len(), signers.len(), quorum(list.len()));
        let words = "A block is final when two thirds of the validators that its header names, rounded up, have sealed it. \
                     Whose seal it is follows from the signature itself, not from what the file says.";
        let item = Item::new(format!("The seals: {found} of {n} validators sealed"), words)
            .checks(&["InvalidSeal", "SealsNotSorted", "ForeignSeal", "TooFewSeals"])
            .fact("quorum", format!("{found} of {n} sealed, ceil(2·{n}/3) = {required} needed"))
            .code("digest sealed", header.commit_digest())
            .fact("round", header.round());
        let item = signers.iter().fold(item, |item, signer| {
            let foreign = if list.contains(signer) { "" } else { " (not a validator of this header)" };
            item.code("sealed by", format!("{signer:#x}{foreign}"))
        });
        let item = item.codes("bad seal", bad);
        item.codes("did not seal", list.iter().filter(|v| !signers.contains(v)).map(|v| format!("{v:#x}")))
    }

    fn overlap(&self, signers: &[Address]) -> Item {
        let (m, rules) = (self.trusted.len(), &self.state.rules);
        let (top, bottom) = (rules.trust_numerator, rules.trust_denominator);
        let found = self.trusted.iter().filter(|v| signers.contains(v)).count();
        let required = overlap_required(m, top, bottom);
        let words = "A header names its validators itself, and anyone can write a list. So enough of those who sealed must \
                     be validators that the step before trusts.";
        Item::new(format!("The overlap: {found} of the {m} trusted validators sealed"), words)
            .checks(&["TooLittleOverlap"])
            .fact(
                "share needed",
                format!("{found} of {m}, {required} needed: the larger of ceil({m}·{top}/{bottom}) and floor({m}/3)+1"),
            )
    }

    fn account(&self, header: &Header, with: &With<'_>) -> Item {
        let key = account_key(&self.state.router);
        let way = with.way(&header.state_root(), key.as_slice());
        let words = "The header's state root commits to every account of the chain. The router's account under it proves \
                     which chain this is, since its address depends on the chain id, and gives the root of its storage, \
                     where the packets are.";
        let item = Item::new("The router's account in the state", words)
            .checks(&["InvalidProof", "RouterAbsent", "RouterCodeMismatch", "ZeroStorageRoot"])
            .code("state root", header.state_root())
            .code("router", format!("{:#x}", self.state.router))
            .code("trie key", format!("{key} (keccak256 of the address)"));
        let item = match way.value.as_deref().map(Account::decode) {
            Some(Ok(account)) => item
                .code("storage root", account.storage_root)
                .code("code hash", account.code_hash)
                .code("code hash pinned", self.state.router_code_hash),
            Some(Err(_)) => item.code("not an account", hex(way.value.as_deref().unwrap_or_default())),
            None => item.fact("account", "not found"),
        };
        item.children(way.items)
    }
}

impl Follow for Qbft<'_> {
    fn parts(&mut self, update: &Update, with: &With<'_>) -> (String, Vec<Item>) {
        let words =
            "The header, byte for byte as the chain hashes it. Its hash and what the seals sign are computed here.";
        let first = Item::new("The header", words).checks(&[
            "MalformedMessage",
            "ClientFrozen",
            "UnknownTrustedHeight",
            "TrustedStateMismatch",
            "MalformedHeader",
            "HeightNotNewer",
            "ZeroStateRoot",
        ]);
        let Update::Qbft { header: raw } = update else {
            return ("An update of another kind".into(), Vec::from([first]));
        };
        let header = match Header::decode(self.state.kind, raw) {
            Ok(header) => header,
            Err(error) => {
                let first = first.fact("unreadable", error).code("bytes", hex(raw));
                return ("A header that cannot be read".into(), Vec::from([first]));
            }
        };
        let list = header.validators();
        let (mut signers, mut bad) = (Vec::new(), Vec::new());
        for (index, signer) in header.recover_seals(&K256).into_iter().enumerate() {
            match signer {
                Ok(signer) => signers.push(signer),
                Err(error) => bad.push(format!("seal {index}: {error}")),
            }
        }
        let first = first
            .fact("number", header.number())
            .fact("time", format!("{} ({})", utc(header.timestamp()), header.timestamp()))
            .code("hash", header.block_hash())
            .code("parent", header.parent_hash())
            .code("state root", header.state_root())
            .fact("consensus", header.kind().name());
        let words = "Who may seal this block and those after it.";
        let set = Item::new(format!("The validators: {}", list.len()), words)
            .checks(&["InvalidValidatorSet", "TrustedValidatorsMismatch"]);
        let (before, after) = (addresses(&self.trusted), addresses(list));
        let set = changes(set, &before, &after, "validator").codes("validator", &after);
        let parts = [
            first,
            time(self.time, self.state.rules.trusting_period, Some(header.timestamp())).checks(&TIME_CHECKS),
            set,
            self.seals(&header, &signers, &bad),
            self.overlap(&signers),
            self.account(&header, with),
        ];
        let title = format!("Block {}, sealed by {} of {} validators", header.number(), signers.len(), list.len());
        self.trusted = list.to_vec();
        self.time = header.timestamp();
        (title, parts.into())
    }
}

fn addresses(list: &[Address]) -> Vec<String> {
    list.iter().map(|a| format!("{a:#x}").to_string()).collect()
}
