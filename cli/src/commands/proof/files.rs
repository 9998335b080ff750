//! Reading bundles and anchors from files, and what can be wrong with a file.

use crate::failure::Failure;
use lupu_proof::anchor::MAX_ANCHOR_BYTES;
use lupu_proof::bundle::MAX_BUNDLE_BYTES;
use lupu_proof::{Anchor, Bundle, FormatError};
use lupu_standard::B256;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Why a file gives no bundle and no anchor.
#[derive(Debug)]
pub enum FileError {
    /// The system does not give its bytes.
    Io(std::io::Error),
    /// The bytes are not the format.
    Format(FormatError),
}

impl FileError {
    /// A line about it that begins with the file.
    pub fn line(&self, file: &Path) -> String {
        let name = file.display();
        match self {
            Self::Io(e) if e.kind() == std::io::ErrorKind::NotFound => format!("{name}: there is no such file"),
            Self::Io(e) => format!("{name}: cannot be read: {e}"),
            Self::Format(e) => format!("{name}: {e}"),
        }
    }
}

/// At most `most` bytes and one more, so that a file that is too large is seen to be.
fn bytes(file: &Path, most: usize) -> Result<Vec<u8>, FileError> {
    let open = File::open(file).map_err(FileError::Io)?;
    let length = open.metadata().map_or(0, |m| m.len()).min(most as u64 + 1);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    open.take(most as u64 + 1).read_to_end(&mut bytes).map_err(FileError::Io)?;
    Ok(bytes)
}

/// The bundle in a file, in either form.
pub fn bundle(file: &Path) -> Result<Bundle, FileError> {
    Bundle::decode(&bytes(file, MAX_BUNDLE_BYTES)?).map_err(FileError::Format)
}

/// The anchor in a file, in either form.
pub fn anchor(file: &Path) -> Result<Anchor, FileError> {
    Anchor::decode(&bytes(file, MAX_ANCHOR_BYTES)?).map_err(FileError::Format)
}

/// Something in a file that two forms can hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Document {
    /// A proof bundle.
    Bundle(Box<Bundle>),
    /// A trust anchor.
    Anchor(Box<Anchor>),
}

/// A bundle or an anchor, whichever the file says that it is.
pub fn document(file: &Path) -> Result<Document, FileError> {
    let bytes = bytes(file, MAX_BUNDLE_BYTES)?;
    match Anchor::decode(&bytes) {
        Ok(anchor) => Ok(Document::Anchor(Box::new(anchor))),
        Err(not_anchor) => match Bundle::decode(&bytes) {
            Ok(bundle) => Ok(Document::Bundle(Box::new(bundle))),
            // The one that was read further is what the file was meant to be.
            Err(not_bundle) if not_bundle.at >= not_anchor.at => Err(FileError::Format(not_bundle)),
            Err(_) => Err(FileError::Format(not_anchor)),
        },
    }
}

/// An anchor: the file's own, or, where it is a bundle, the one that the bundle begins at.
pub fn anchor_of(file: &Path) -> Result<Anchor, FileError> {
    Ok(match document(file)? {
        Document::Anchor(anchor) => *anchor,
        Document::Bundle(bundle) => bundle.anchor,
    })
}

/// As a failure of a command about one file.
pub fn one<T>(file: &Path, read: Result<T, FileError>) -> Result<T, Failure> {
    read.map_err(|e| Failure::usage(e.line(file)))
}

/// The digests of the anchors a person names: each `0x` and 64 hex digits, or an anchor's file.
pub fn trusted(named: &[String]) -> Result<Vec<B256>, Failure> {
    named.iter().map(|name| trusted_one(name)).collect()
}

fn trusted_one(name: &str) -> Result<B256, Failure> {
    if let Some(digits) = name.strip_prefix("0x") {
        return digits.parse().map_err(|_| {
            Failure::usage(format!("--anchor {name}: a digest is 0x and 64 hex digits, this has {}", digits.len()))
        });
    }
    let file = Path::new(name);
    let anchor = anchor(file).map_err(|e| {
        let help = match &e {
            FileError::Format(_) => "; an anchor's file is made by `lupu proof anchor make`",
            FileError::Io(_) => "; give an anchor's file, or its digest as 0x and 64 hex digits",
        };
        Failure::usage(format!("--anchor {}{help}", e.line(file)))
    })?;
    Ok(anchor.digest())
}

/// The files named, and of each directory named, every `.json` and `.cbor` in it, by name.
pub fn named(names: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for name in names {
        if !name.is_dir() {
            files.push(name.clone());
            continue;
        }
        let cannot = |e| Failure::usage(format!("{}: cannot be listed: {e}", name.display()));
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(name).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let kind = path.extension().and_then(|e| e.to_str());
            if matches!(kind, Some("json" | "cbor")) && path.is_file() {
                inside.push(path);
            }
        }
        if inside.is_empty() {
            return Err(Failure::usage(format!("{}: no .json and no .cbor file in it", name.display())));
        }
        inside.sort_unstable();
        files.append(&mut inside);
    }
    Ok(files)
}
