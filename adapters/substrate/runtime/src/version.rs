//! Which runtime this is.

use alloc::borrow::Cow;

use frame_support::traits::Get;
use sp_version::RuntimeVersion;

macro_rules! version {
    ($spec_version:tt) => {
        /// The version of this build. The feature `next-version` builds the one that follows it.
        #[sp_version::runtime_version]
        pub const VERSION: RuntimeVersion = RuntimeVersion {
            spec_name: Cow::Borrowed("lupu-consortium"),
            impl_name: Cow::Borrowed("lupu-consortium"),
            authoring_version: 1,
            spec_version: $spec_version,
            impl_version: 1,
            apis: crate::apis::RUNTIME_API_VERSIONS,
            transaction_version: 1,
            system_version: 1,
        };
    };
}

#[cfg(not(feature = "next-version"))]
version!(100);
#[cfg(feature = "next-version")]
version!(101);

/// The version of the runtime that executes now.
#[cfg(not(feature = "std"))]
pub fn current() -> RuntimeVersion {
    VERSION
}

/// The version of the runtime that executes now: that of this build with the spec_version that
/// [`native_code`] wrote into `:code`.
#[cfg(feature = "std")]
pub fn current() -> RuntimeVersion {
    sp_io::storage::get(sp_core::storage::well_known_keys::CODE)
        .and_then(|code| version_of_native_code(&code))
        .unwrap_or(VERSION)
}

/// What [`native_code`] begins with.
#[cfg(feature = "std")]
const MAGIC: &[u8] = b"lupu native runtime ";

/// What stands under `:code` on a chain that executes this runtime natively: no WASM, but a note of
/// the spec_version to report. So `System.set_code` is an upgrade there too, of the version only.
#[cfg(feature = "std")]
pub fn native_code(spec_version: u32) -> alloc::vec::Vec<u8> {
    [MAGIC, &spec_version.to_le_bytes()].concat()
}

/// Reads what [`native_code`] wrote; `None` for anything else.
#[cfg(feature = "std")]
pub fn version_of_native_code(code: &[u8]) -> Option<RuntimeVersion> {
    let spec_version = code.strip_prefix(MAGIC)?.try_into().ok().map(u32::from_le_bytes)?;
    Some(RuntimeVersion { spec_version, ..VERSION })
}

/// [`current`], where FRAME asks for a type.
pub struct Version;
impl Get<RuntimeVersion> for Version {
    fn get() -> RuntimeVersion {
        current()
    }
}
