//! `lupu proof export`.

use super::files;
use crate::block_on;
use crate::commands::packet::{self, PacketId};
use crate::context::Context;
use crate::failure::{Failure, NEGATIVE, OK};
use crate::output::{Output, grouped};
use indicatif::{ProgressBar, ProgressStyle};
use lupu_proof::{Anchor, Kind};
use lupu_relayer::Store;
use lupu_relayer::config::Config;
use lupu_relayer::proof::{Anchors, Entry, ExportError, Exporter, Format, Made, Missing, Options, Source, Wanted};
use lupu_relayer::store::PacketFilter;
use lupu_standard::B256;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many packets are read at once.
const PAGE: u32 = 500;

const HELP: &str = "\
Examples:
  lupu proof export bank/bank.qbft-harbour/7 -o payment.json
  lupu proof export bank/bank.qbft-harbour/7 --statement sent,received --from nodes -o proofs/
  lupu proof export --all -o proofs/
  lupu proof export --all --separate --statement strongest --format cbor -o proofs/

Without --statement the strongest that can be proven of each packet: minted or released, never-received,
acknowledged, received, locked, sent. With --all everything that can be proven of every packet.

Packets that are proven by one chain share a file, unless --separate. A file is about one chain and one type of
light client; it begins at the anchor of that chain, which is the client as the relayer first saw it: `lupu proof
anchor make` writes it, and whoever gets the file has to know its digest from elsewhere.

Proofs come from the relayer's store, also while the relayer runs, and for what is not there from nodes. What a chain
has deleted, only the store can prove.

Every file is verified before it is written. Exit codes: 0 all were written, 1 some that were asked for cannot be
proven, 2 the arguments are wrong.";

/// Options of `proof export`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Packets: source chain, client there, sequence.
    #[arg(value_name = "CHAIN/CLIENT/SEQUENCE", required_unless_present = "all")]
    packets: Vec<PacketId>,
    /// Every packet that the relayer has seen.
    #[arg(long, conflicts_with = "packets")]
    all: bool,
    /// What to prove: sent, locked, received, acknowledged, minted, released, never-received; or strongest; or every.
    /// Several with commas.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = statement)]
    statement: Vec<Asked>,
    /// Begin at this anchor instead of the one kept of its chain. May be repeated.
    #[arg(long, value_name = "FILE")]
    anchor: Vec<PathBuf>,
    /// Where to write: a file for one bundle, a directory for several.
    #[arg(long, short, value_name = "FILE|DIR", default_value = ".")]
    output: PathBuf,
    /// The form of the files; by default what the name of the file ends with, or JSON.
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// A file for each statement.
    #[arg(long)]
    separate: bool,
    /// Where to take proofs from.
    #[arg(long, value_name = "WHERE", default_value = "any")]
    from: Origin,
}

/// A value of `--statement`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Strongest,
    Every,
    Kind(Kind),
}

fn statement(name: &str) -> Result<Asked, String> {
    match name {
        "strongest" => Ok(Asked::Strongest),
        "every" => Ok(Asked::Every),
        _ => Kind::from_name(name).map(Asked::Kind).ok_or_else(|| {
            let names: Vec<_> = Kind::ALL.iter().map(|k| k.name()).collect();
            format!("statements are: {}, strongest, every", names.join(", "))
        }),
    }
}

/// A value of `--format`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    /// For people and their tools.
    Json,
    /// Half the size.
    Cbor,
}

/// A value of `--from`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Origin {
    /// The store; nodes for what it does not have.
    Any,
    /// The store alone; nobody is asked.
    Store,
    /// Nodes alone.
    Nodes,
}

impl Args {
    fn wanted(&self) -> Result<Wanted, Failure> {
        let kinds: BTreeSet<Kind> =
            self.statement.iter().filter_map(|a| if let Asked::Kind(kind) = a { Some(*kind) } else { None }).collect();
        match self.statement.as_slice() {
            [] if self.all => Ok(Wanted::Every),
            [] | [Asked::Strongest] => Ok(Wanted::Strongest),
            [Asked::Every] => Ok(Wanted::Every),
            list if list.iter().all(|a| matches!(a, Asked::Kind(_))) => Ok(Wanted::Kinds(kinds.into_iter().collect())),
            _ => Err(Failure::usage("--statement: strongest and every stand alone")),
        }
    }

    fn format(&self) -> Format {
        match self.format {
            Some(Form::Json) => Format::Json,
            Some(Form::Cbor) => Format::Cbor,
            None if self.output.extension().is_some_and(|e| e == "cbor") => Format::Cbor,
            None => Format::Json,
        }
    }

    fn source(&self) -> Source {
        match self.from {
            Origin::Any => Source::Any,
            Origin::Store => Source::Store,
            Origin::Nodes => Source::Nodes,
        }
    }

    /// Whether the output is a directory: it is one, or is written like one, or there may be several files.
    fn is_directory(&self, wanted: &Wanted) -> bool {
        let one = match wanted {
            Wanted::Strongest => true,
            Wanted::Every => false,
            Wanted::Kinds(kinds) => kinds.len() == 1,
        };
        let written_so = self.output.as_os_str().as_encoded_bytes().ends_with(b"/");
        self.all || self.packets.len() > 1 || !one || written_so || self.output.is_dir()
    }
}

/// One file, as `--json` shows it.
#[derive(Serialize)]
struct File {
    file: PathBuf,
    chain: String,
    client_type: String,
    bytes: usize,
    digest: B256,
    anchor: B256,
    trust: String,
    statements: Vec<Entry>,
}

/// All of them, as `--json` shows them.
#[derive(Serialize, Default)]
struct Document {
    bundles: Vec<File>,
    missing: Vec<Missing>,
}

/// Runs it.
pub fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let wanted = args.wanted()?;
    let given = args.anchor.iter().map(|file| files::anchor(file).map_err(|e| Failure::usage(e.line(file))));
    let given = given.collect::<Result<Vec<Anchor>, _>>()?;
    block_on(export(args, wanted, given, context))
}

async fn export(args: &Args, wanted: Wanted, given: Vec<Anchor>, context: &Context) -> Result<u8, Failure> {
    let (config, out) = (context.config()?, &context.out);
    let named: Vec<_> = args.anchor.iter().zip(given.iter().map(Anchor::digest)).collect();
    let store = packet::store(&config).await?;
    let anchors = Anchors::load(&store, given).await?;
    let mut writer = Writer::new(args, &wanted, out)?;
    let options =
        Options { wanted: wanted.clone(), source: args.source(), separate: args.separate, format: args.format() };
    let mut exporter = Exporter::new(&store, &config, anchors, options);
    let bar = bar(args, &store, out).await?;
    if args.all {
        let mut before = None;
        loop {
            let rows = store.packets(&PacketFilter { before, limit: PAGE, ..Default::default() }).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.id);
            let count = rows.len() as u64;
            let made = exporter.add(rows).await?;
            bar.suspend(|| writer.write(made))?;
            writer.missed(exporter.take_missing());
            bar.inc(count);
        }
    } else {
        let mut seen = BTreeSet::new();
        for id in args.packets.iter().filter(|id| seen.insert(id.to_string())) {
            let row = packet::find(id, &store).await?;
            let made = exporter.add(vec![row]).await?;
            bar.suspend(|| writer.write(made))?;
            bar.inc(1);
        }
    }
    let made = exporter.finish().await?;
    bar.finish_and_clear();
    writer.write(made)?;
    writer.missed(exporter.take_missing());
    for (file, digest) in named {
        if !writer.document.bundles.iter().any(|b| b.anchor == digest) {
            let file = file.display();
            out.warn(&format!(
                "--anchor {file}: no bundle begins there, it is of another chain or of no use to these packets"
            ));
        }
    }
    writer.end(&wanted, &config)
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Setup(error) => error.into(),
        }
    }
}

async fn bar(args: &Args, store: &Store, out: &Output) -> Result<ProgressBar, Failure> {
    let total = match args.all {
        true => store.counts().await?.iter().map(|count| count.packets).sum(),
        false => args.packets.len() as u64,
    };
    let bar = if out.interactive() && total > 1 { ProgressBar::new(total) } else { ProgressBar::hidden() };
    let style = "{bar:40} {pos}/{len} packets, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    Ok(bar)
}

/// Writes bundles as they come, and tells of each.
struct Writer<'a> {
    args: &'a Args,
    out: &'a Output,
    directory: bool,
    names: BTreeMap<String, u32>,
    document: Document,
}

impl<'a> Writer<'a> {
    fn new(args: &'a Args, wanted: &Wanted, out: &'a Output) -> Result<Self, Failure> {
        let directory = args.is_directory(wanted);
        if directory {
            std::fs::create_dir_all(&args.output).map_err(|e| cannot(&args.output, &e))?;
        }
        Ok(Self { args, out, directory, names: BTreeMap::new(), document: Document::default() })
    }

    /// A file for a bundle: named after what it is about, and numbered where that is not enough.
    fn place(&mut self, made: &Made) -> PathBuf {
        if !self.directory {
            return self.args.output.clone();
        }
        let stem = match (self.args.separate, made.entries.first()) {
            (true, Some(entry)) => format!("{}.{}", entry.packet.replace('/', "."), entry.statement.name()),
            _ => format!("{}.{}", made.tracks, made.client_type),
        };
        // Identifiers may have signs that shells and file systems give a meaning.
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let stem: String = stem.chars().map(plain).collect();
        let count = self.names.entry(stem.clone()).or_default();
        *count += 1;
        let number = if *count > 1 { format!("-{count}") } else { String::new() };
        self.args.output.join(format!("{stem}{number}.{}", self.args.format().extension()))
    }

    fn write(&mut self, made: Vec<Made>) -> Result<(), Failure> {
        for one in made {
            let file = self.place(&one);
            write(&file, &one.file)?;
            let shown = File {
                chain: one.tracks.to_string(),
                client_type: one.client_type,
                bytes: one.file.len(),
                digest: one.report.digest,
                anchor: one.report.anchor,
                trust: one.report.trust,
                statements: one.entries,
                file,
            };
            if !self.out.json {
                self.out.line(&self.text(&shown))?;
            }
            self.document.bundles.push(shown);
        }
        Ok(())
    }

    fn text(&self, file: &File) -> String {
        let name = file.file.display().to_string();
        if let (true, [one]) = (self.args.separate, file.statements.as_slice()) {
            let bytes = grouped(file.bytes as u64);
            return format!("{}: {} {}, {bytes} bytes", self.out.bold(&name), one.packet, one.statement.name());
        }
        let pairs = [
            ("statements", statements(&file.statements)),
            ("anchor", file.anchor.to_string()),
            ("bytes", grouped(file.bytes as u64)),
            ("trust", file.trust.clone()),
        ];
        format!("{}\n{}", self.out.bold(&name), self.out.pairs(&pairs))
    }

    fn missed(&mut self, missing: Vec<Missing>) {
        self.document.missing.extend(missing);
    }

    fn end(self, wanted: &Wanted, config: &Config) -> Result<u8, Failure> {
        let Document { bundles, missing } = &self.document;
        // Of "everything that can be proven" nothing is missing; it is told what was not possible.
        let all = matches!(wanted, Wanted::Every);
        if self.out.json {
            self.out.print(&self.document, |_| String::new())?;
        } else {
            self.tell(all);
            if !bundles.is_empty() {
                let anchors: BTreeSet<B256> = bundles.iter().map(|b| b.anchor).collect();
                let named: Vec<_> = anchors.iter().map(|a| format!("--anchor {a}")).collect();
                let what = if self.directory { self.args.output.display().to_string() } else { file_of(bundles) };
                self.out.note(&format!("To verify: lupu proof verify {what} {}", named.join(" ")));
            }
        }
        if bundles.is_empty() && missing.is_empty() {
            let name = config.relayer.store.display();
            return Err(Failure::failed(format!("{name}: there is no packet of which anything could be proven")));
        }
        Ok(if bundles.is_empty() || !all && !missing.is_empty() { NEGATIVE } else { OK })
    }

    fn tell(&self, all: bool) {
        let missing = &self.document.missing;
        let mut reasons: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
        for one in missing {
            let place = reasons.entry((one.statement.name(), &one.reason)).or_insert((0, &one.packet));
            place.0 += 1;
        }
        for ((kind, reason), (count, packet)) in reasons {
            let which = if count == 1 { packet.to_owned() } else { format!("{} packets", grouped(count as u64)) };
            let line = format!("{which}: \"{kind}\" is not proven: {reason}");
            if all { self.out.note(&line) } else { self.out.warn(&line) }
        }
    }
}

fn file_of(bundles: &[File]) -> String {
    bundles.first().map(|b| b.file.display().to_string()).unwrap_or_default()
}

/// How many of which, about how many packets; or the one in full.
fn statements(entries: &[Entry]) -> String {
    if let [one] = entries {
        return format!("{} {}, at block {}", one.packet, one.statement.name(), one.height);
    }
    let packets: BTreeSet<_> = entries.iter().map(|e| &e.packet).collect();
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    entries.iter().for_each(|e| *kinds.entry(e.statement).or_default() += 1);
    let kinds: Vec<_> = kinds.iter().map(|(kind, count)| format!("{} {}", grouped(*count), kind.name())).collect();
    format!("{} about {} packets: {}", entries.len(), packets.len(), kinds.join(", "))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: cannot be written: {error}", path.display()))
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)).map_err(|e| cannot(path, &e))
}
