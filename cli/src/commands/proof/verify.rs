//! `lupu proof verify`.

use super::verdict::{ANCHOR_UNKNOWN, FALSE, MALFORMED, TRUE, Verdict, worst};
use super::{clock, files};
use crate::failure::Failure;
use crate::output::{Output, grouped};
use indicatif::{ProgressBar, ProgressStyle};
use lupu_standard::{B256, TimestampSecs};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};

const EXAMPLES: &str = "\
Nothing in a bundle is believed: the light clients of this binary recompute everything, from the anchor on. No \
network, no configuration, no clock is used. A bundle is true only if it begins at an anchor that you name; compare \
its digest with what the chain's operators publish. Without --now, that its newest block is old is not held against \
it: keys that have leaked since the anchor could have made it.

Examples:
  lupu proof verify payment.json --anchor harbour-anchor.json
  lupu proof verify payment.cbor --anchor 0x9f0c…(64 digits) --now now
  lupu proof verify bundles/ --anchor harbour-anchor.json --anchor bank-anchor.json --quiet
  lupu proof verify bundles/ --anchor harbour-anchor.json --json | jq 'select(.verdict != \"true\")'

Output: one file is answered in full, several with a line each, in the order named, and a summary. With --json, one \
JSON document a line for each file.

Exit codes: 0 all are true; 1 some are false; 2 some are malformed or cannot be read, or the arguments are wrong; \
3 some begin at an anchor that was not named. Of several, 1 comes before 2 and 2 before 3.";

/// Options of `proof verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Bundles, JSON or CBOR; of a directory, every .json and .cbor in it.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// An anchor that you trust: its file, or its digest. May be repeated.
    #[arg(long, value_name = "FILE|0xHASH")]
    anchor: Vec<String>,
    /// The newest block must still be within the trusting period at this time: now, UNIX seconds, or a UTC date such
    /// as 2026-11-29T17:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    now: Option<TimestampSecs>,
    /// Of several files, print only those that are not true.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs it.
pub fn run(args: &Args, out: &Output) -> Result<u8, Failure> {
    let trusted = files::trusted(&args.anchor)?;
    let files = files::named(&args.files)?;
    if let ([file], false) = (files.as_slice(), args.files.iter().any(|f| f.is_dir())) {
        let verdict = Verdict::of(file, &trusted, args.now);
        out.print(&verdict, |out| verdict.text(out))?;
        if verdict.code == ANCHOR_UNKNOWN {
            out.note("To trust it, compare the anchor's digest with what the chain's operators publish, and give it with --anchor.");
        }
        return Ok(verdict.code);
    }
    let counts = many(&files, &trusted, args.now, args.quiet, out)?;
    if !out.json {
        out.line(&summary(&counts, out))?;
    }
    Ok(counts.keys().copied().fold(TRUE, worst))
}

/// How many files have which exit code.
type Counts = BTreeMap<u8, u64>;

fn summary(counts: &Counts, out: &Output) -> String {
    let count = |code| counts.get(&code).copied().unwrap_or(0);
    let mut parts = vec![out.good(&format!("{} true", grouped(count(TRUE))))];
    for (code, name) in [(FALSE, "false"), (MALFORMED, "malformed"), (ANCHOR_UNKNOWN, "of an anchor unknown")] {
        if count(code) > 0 {
            parts.push(out.bad(&format!("{} {name}", grouped(count(code)))));
        }
    }
    let all: u64 = counts.values().sum();
    format!("{} bundles: {}", grouped(all), parts.join(", "))
}

/// Answers that wait for one before them.
struct Queue {
    next: usize,
    printed: usize,
    waiting: BTreeMap<usize, Verdict>,
    counts: Counts,
    failed: Option<Failure>,
}

/// Most answers that may wait: what bounds the memory.
const MOST_WAITING: usize = 256;

/// Verifies on all cores and prints in order. Each bundle is read, verified and dropped.
fn many(
    files: &[PathBuf],
    trusted: &[B256],
    now: Option<TimestampSecs>,
    quiet: bool,
    out: &Output,
) -> Result<Counts, Failure> {
    let bar = if out.interactive() { ProgressBar::new(files.len() as u64) } else { ProgressBar::hidden() };
    let style = "{bar:40} {pos}/{len} bundles, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let queue = Queue { next: 0, printed: 0, waiting: BTreeMap::new(), counts: Counts::new(), failed: None };
    let (queue, room) = (Mutex::new(queue), Condvar::new());
    let lock = || queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let work = || {
        loop {
            let mut q = lock();
            while q.next < files.len() && q.next >= q.printed + MOST_WAITING && q.failed.is_none() {
                q = room.wait(q).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            let index = q.next;
            let Some(file) = files.get(index).filter(|_| q.failed.is_none()) else { return };
            q.next += 1;
            drop(q);
            let verdict = Verdict::of(file, trusted, now);
            let mut q = lock();
            q.waiting.insert(index, verdict);
            while let Some(verdict) = {
                let at = q.printed;
                q.waiting.remove(&at)
            } {
                q.printed += 1;
                *q.counts.entry(verdict.code).or_default() += 1;
                bar.inc(1);
                if quiet && verdict.code == TRUE {
                    continue;
                }
                let print = || out.print(&verdict, |out| verdict.line(out));
                if let Err(failure) = bar.suspend(print) {
                    q.failed = Some(failure);
                    break;
                }
            }
            room.notify_all();
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get()).min(files.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let queue = queue.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    queue.failed.map_or(Ok(queue.counts), Err)
}
