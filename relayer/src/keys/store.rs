//! The folder of encrypted keys.

use super::{KeyError, Password};
use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use serde::Serialize;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zeroize::Zeroizing;

/// Largest file that is read as a key.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// Largest scrypt cost that is computed: 2²⁰, one gibibyte of memory at r = 8.
const MAX_SCRYPT_N: u64 = 1 << 20;
/// Most PBKDF2 rounds that are computed.
const MAX_PBKDF2_ROUNDS: u64 = 10_000_000;

/// A folder of encrypted keys.
#[derive(Clone, Debug)]
pub struct Keystore {
    folder: PathBuf,
}

/// A key that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyEntry {
    /// Its name: the file's name.
    pub name: String,
    /// Its address, where the file says it. Known for sure only once the key is opened.
    pub address: Option<Address>,
    /// The file.
    pub path: PathBuf,
}

impl Keystore {
    /// A folder; it need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a new random key.
    ///
    /// # Errors
    /// As [`Keystore::add`].
    pub fn create(&self, name: &str, password: &Password) -> Result<KeyEntry, KeyError> {
        self.add(name, &PrivateKeySigner::random(), password)
    }

    /// Encrypts a key and keeps it under a name. The file can be read by its owner only.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Exists`], [`KeyError::Io`].
    pub fn add(&self, name: &str, key: &PrivateKeySigner, password: &Password) -> Result<KeyEntry, KeyError> {
        let path = self.path(name)?;
        if path.exists() {
            return Err(KeyError::Exists(path));
        }
        create_private_folder(&self.folder).map_err(|source| KeyError::Io { path: self.folder.clone(), source })?;
        let contents = self.encrypt(key, password)?;
        write_private(&path, contents.as_bytes()).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => KeyError::Exists(path.clone()),
            _ => KeyError::Io { path: path.clone(), source },
        })?;
        Ok(KeyEntry { name: name.to_owned(), address: Some(key.address()), path })
    }

    /// Every key of the folder, by name. Files that are no keystores are left out.
    ///
    /// # Errors
    /// [`KeyError::Io`] if the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<KeyEntry>, KeyError> {
        let io = |source| KeyError::Io { path: self.folder.clone(), source };
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(io)?,
        };
        let mut out = Vec::new();
        for file in files {
            let name = file.map_err(io)?.file_name();
            if let Some(entry) = name.to_str().and_then(|name| self.entry(name).ok()) {
                out.push(entry);
            }
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    /// One key, unopened.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], [`KeyError::Malformed`].
    pub fn entry(&self, name: &str) -> Result<KeyEntry, KeyError> {
        let (path, document) = self.read(name)?;
        let address = document.get("address").and_then(Value::as_str).and_then(|s| Address::from_str(s).ok());
        Ok(KeyEntry { name: name.to_owned(), address, path })
    }

    /// Decrypts a key.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], [`KeyError::WrongPassword`], [`KeyError::Malformed`].
    pub fn open(&self, name: &str, password: &Password) -> Result<PrivateKeySigner, KeyError> {
        let (path, _) = self.read(name)?;
        PrivateKeySigner::decrypt_keystore(&path, password.bytes()).map_err(|error| {
            // The library's error types are not reachable from here; its texts are stable.
            match error.to_string() {
                text if text.contains("Mac Mismatch") => KeyError::WrongPassword(path.clone()),
                reason => KeyError::Malformed { path: path.clone(), reason },
            }
        })
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(allowed) {
            // A name that looks like a key is not repeated.
            let shown = if name.len() >= 32 { "this text".to_owned() } else { name.to_owned() };
            return Err(KeyError::Name(shown));
        }
        Ok(self.folder.join(name))
    }

    /// The JSON of a key's file, checked so far that decrypting it is bounded and cannot panic.
    fn read(&self, name: &str) -> Result<(PathBuf, Value), KeyError> {
        let path = self.path(name)?;
        let io = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => KeyError::NotFound { name: name.to_owned(), folder: self.folder.clone() },
            _ => KeyError::Io { path: path.clone(), source },
        };
        let malformed = |reason: &str| KeyError::Malformed { path: path.clone(), reason: reason.to_owned() };
        let meta = fs::metadata(&path).map_err(io)?;
        if !meta.is_file() || meta.len() > MAX_FILE_BYTES {
            return Err(malformed("not a small file"));
        }
        let text = fs::read_to_string(&path).map_err(io)?;
        let document: Value = serde_json::from_str(&text).map_err(|e| malformed(&format!("not JSON: {e}")))?;
        if document.get("version").and_then(Value::as_u64) != Some(3) {
            return Err(malformed("version is not 3"));
        }
        let parameters = document
            .get("crypto")
            .and_then(|c| c.get("kdfparams"))
            .ok_or_else(|| malformed("crypto.kdfparams is missing"))?;
        let number = |key: &str| parameters.get(key).and_then(Value::as_u64);
        if number("dklen") != Some(32) {
            return Err(malformed("crypto.kdfparams.dklen is not 32"));
        }
        let iv = document.pointer("/crypto/cipherparams/iv").and_then(Value::as_str).map(str::len);
        if iv != Some(32) {
            return Err(malformed("crypto.cipherparams.iv is not 16 bytes"));
        }
        let memory =
            number("n").unwrap_or(0).saturating_mul(number("r").unwrap_or(0)).saturating_mul(number("p").unwrap_or(0));
        if memory > MAX_SCRYPT_N * 8 || number("c").unwrap_or(0) > MAX_PBKDF2_ROUNDS {
            return Err(malformed("crypto.kdfparams ask for more work than is ever needed"));
        }
        Ok((path, document))
    }

    /// The file's contents, with the address, which the library leaves out.
    fn encrypt(&self, key: &PrivateKeySigner, password: &Password) -> Result<String, KeyError> {
        let io = |source| KeyError::Io { path: self.folder.clone(), source };
        let folder = self.folder.join(format!(".new-{}-{:x}", std::process::id(), key.address()));
        create_private_folder(&folder).map_err(io)?;
        let bytes = Zeroizing::new(key.to_bytes().0);
        let mut rng = alloy::signers::k256::elliptic_curve::rand_core::OsRng;
        let result =
            PrivateKeySigner::encrypt_keystore(&folder, &mut rng, bytes.as_slice(), password.bytes(), Some("key"))
                .map_err(|e| std::io::Error::other(e.to_string()))
                .and_then(|_| fs::read_to_string(folder.join("key")));
        let _ = fs::remove_dir_all(&folder);
        let mut document: Value = serde_json::from_str(&result.map_err(io)?).map_err(|e| io(e.into()))?;
        if let Some(object) = document.as_object_mut() {
            object.insert("address".into(), format!("{:x}", key.address()).into());
        }
        Ok(document.to_string())
    }
}

fn create_private_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates a file for its owner's eyes only; never overwrites.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
