//! A password that does not show itself.

use super::KeyError;
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// A password. `Debug` hides it, dropping wipes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The variable that holds the keystore's password.
    pub const VARIABLE: &'static str = "LUPU_KEYSTORE_PASSWORD";

    /// From text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// From `LUPU_KEYSTORE_PASSWORD`, if that is set.
    pub fn from_environment() -> Option<Self> {
        std::env::var(Self::VARIABLE).ok().map(Self::new)
    }

    /// The first line of a file, without its line end.
    ///
    /// # Errors
    /// [`KeyError::Io`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        let text = Zeroizing::new(text);
        let line = text.split('\n').next().unwrap_or_default();
        Ok(Self::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
