//! `lupu client anchor`, and asking a person to confirm one.

use crate::context::Context;
use crate::failure::{Failure, OK};
use crate::links;
use alloy::primitives::B256;
use lupu_evm::propose_anchor;
use lupu_qbft::Header;
use lupu_relayer::config::{Anchor, ChainConfig, Family, Voters};
use lupu_relayer::setup::substrate_source;
use lupu_standard::{ChainId, Height};
use serde::Serialize;
use std::str::FromStr;

const EXAMPLES: &str = "\
Examples:
  lupu client anchor --of bank
  lupu client anchor --of bank --height 120 --json

Run it against your own node, and compare with what another member's node says, before you confirm.";

/// Options of `client anchor`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The chain.
    #[arg(long, value_name = "NAME")]
    of: ChainId,
    /// The block; default: the newest that every endpoint has.
    #[arg(long, value_name = "NUMBER")]
    height: Option<u64>,
}

/// `HEIGHT:0xHASH`, as a person gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given(pub Anchor);

impl FromStr for Given {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (height, hash) = s.split_once(':').ok_or("write HEIGHT:0xHASH")?;
        let height = height.parse().map_err(|_| "the height is not a number".to_owned())?;
        let digits = hash.strip_prefix("0x").filter(|d| d.len() == 64).ok_or("the hash is not 0x and 64 hex digits")?;
        let hash = B256::from_str(digits).map_err(|_| "the hash is not 0x and 64 hex digits".to_owned())?;
        Ok(Self(Anchor { height: Height(height), hash }))
    }
}

/// An anchor as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The chain.
    pub chain: ChainId,
    /// Block number.
    pub height: u64,
    /// Block hash.
    pub hash: B256,
    /// Block time, UNIX seconds, where the header says it.
    pub timestamp: Option<u64>,
    /// Who may seal, or finalize.
    pub validators: Vec<String>,
    /// Number of the authority set, where sets are numbered.
    pub set_id: Option<u64>,
    /// What to give as --anchor.
    pub anchor: String,
    #[serde(skip)]
    voters: Option<Voters>,
}

impl Shown {
    /// Of a sealed header.
    fn sealed(chain: &ChainId, header: &Header) -> Self {
        let (height, hash) = (header.number().0, header.block_hash());
        Self {
            chain: chain.clone(),
            height,
            hash,
            timestamp: Some(header.timestamp().0),
            validators: header.validators().iter().map(ToString::to_string).collect(),
            set_id: None,
            anchor: format!("{height}:{hash}"),
            voters: None,
        }
    }

    /// Of a block that authorities finalized.
    fn finalized(chain: &ChainId, anchor: &lupu_substrate::Anchor) -> Self {
        let authorities: Vec<_> = anchor.voters.set.authorities().iter().map(|a| (a.key, a.weight)).collect();
        Self {
            chain: chain.clone(),
            height: anchor.height,
            hash: anchor.hash,
            timestamp: None,
            validators: authorities.iter().map(|(key, _)| key.to_string()).collect(),
            set_id: Some(anchor.voters.id),
            anchor: format!("{}:{}", anchor.height, anchor.hash),
            voters: Some(Voters { set_id: anchor.voters.id, authorities }),
        }
    }

    /// What the chain's endpoints propose: the block at a height, or the newest.
    async fn ask(chain: &ChainConfig, height: Option<u64>) -> Result<Self, Failure> {
        match &chain.family {
            Family::Evm(_) => Ok(Self::sealed(&chain.name, &propose_anchor(&links::headers(chain)?, height).await?)),
            Family::Substrate(settings) => {
                let source = substrate_source(chain, settings)?;
                Ok(Self::finalized(&chain.name, &lupu_substrate::propose_anchor(&source, height).await?))
            }
        }
    }

    /// For the configuration.
    pub fn anchor(&self) -> Anchor {
        Anchor { height: Height(self.height), hash: self.hash }
    }

    /// For a person.
    pub fn text(&self, out: &crate::output::Output) -> String {
        let mut pairs = vec![
            ("chain", out.bold(self.chain.as_str())),
            ("block", self.height.to_string()),
            ("hash", self.hash.to_string()),
        ];
        pairs.extend(self.timestamp.map(|time| ("time", crate::output::time(time))));
        pairs.extend(self.set_id.map(|id| ("authority set", id.to_string())));
        pairs.push(("validators", self.validators.join("\n")));
        out.pairs(&pairs)
    }
}

/// Runs it.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let config = context.config()?;
    let chain = links::chain(&config, &args.of)?;
    let shown = Shown::ask(chain, args.height).await?;
    context
        .out
        .print(&shown, |out| format!("{}{} --anchor {}", shown.text(out), out.dim("as an option:"), shown.anchor))?;
    Ok(OK)
}

/// What a person agreed to.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The block that trust starts from.
    pub anchor: Anchor,
    /// Who finalizes what follows it, where that is not in its header.
    pub voters: Option<Voters>,
}

/// The block that trust in a chain starts from: given, or shown and confirmed by a person.
pub async fn agree(chain: &ChainConfig, given: Option<Given>, context: &Context) -> Result<Agreed, Failure> {
    let Some(Given(given)) = given else {
        let shown = Shown::ask(chain, None).await?;
        let out = context.out;
        out.note(&format!(
            "Trust in {} will start from this block. Whoever controls these validators controls what\n\
             the client believes: compare the hash with a source that you trust.\n\n{}",
            chain.name,
            shown.text(&out)
        ));
        return match context.confirm("Is this block right?")? {
            Some(true) => Ok(Agreed { anchor: shown.anchor(), voters: shown.voters }),
            Some(false) => Err(Failure::failed("not confirmed; nothing was created")),
            None => Err(Failure::usage(format!(
                "the trust anchor needs a person: run on a terminal, or give --anchor HEIGHT:0xHASH \
                 (`lupu client anchor --of {}` shows one)",
                chain.name
            ))),
        };
    };
    let shown = Shown::ask(chain, Some(given.height.0)).await?;
    if shown.hash != given.hash {
        return Err(Failure::failed(format!(
            "{}: block {} has hash {}, the anchor given says {}; one of the two is not the chain you mean",
            chain.name, given.height, shown.hash, given.hash
        )));
    }
    Ok(Agreed { anchor: given, voters: shown.voters })
}
