//! The functions that C sees. Each is as long as reading its arguments takes.
#![allow(unsafe_code)]

use crate::answer::{self, Answer};
use alloc::{ffi::CString, vec::Vec};
use alloy_primitives::B256;
use core::{
    ffi::{CStr, c_char},
    ptr, slice,
};
use lupu_standard::TimestampSecs;

/// A null pointer or an impossible length where the header file allows none.
pub const MISUSE: i32 = -1;
/// A fault of this library: it stopped instead of answering.
pub const FAULT: i32 = -2;

/// The version, as a static string with its terminating zero.
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// Verifies a bundle.
///
/// # Safety
/// As for [`judge`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lupu_proof_verify(
    bundle: *const u8,
    bundle_len: usize,
    anchors: *const u8,
    anchor_count: usize,
    now: u64,
    json_out: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller keeps to the same contract.
    unsafe { judge(bundle, bundle_len, anchors, anchor_count, now, json_out, answer::verify_file) }
}

/// Verifies a bundle and shows the proof as one page.
///
/// # Safety
/// As for [`judge`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lupu_proof_html(
    bundle: *const u8,
    bundle_len: usize,
    anchors: *const u8,
    anchor_count: usize,
    now: u64,
    html_out: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller keeps to the same contract.
    unsafe { judge(bundle, bundle_len, anchors, anchor_count, now, html_out, answer::page_of_file) }
}

/// The digest of the anchor in an anchor's or a bundle's file.
///
/// # Safety
/// `file` points to `len` readable bytes; `digest_out` to 32 writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lupu_proof_anchor(file: *const u8, len: usize, digest_out: *mut u8) -> i32 {
    // SAFETY: the caller vouches for `file`.
    let Some(file) = (unsafe { bytes(file, len) }) else { return MISUSE };
    if digest_out.is_null() {
        return MISUSE;
    }
    match guarded(|| answer::anchor_digest(file)) {
        None => FAULT,
        Some(Err(_)) => answer::Code::Malformed as i32,
        Some(Ok(digest)) => {
            // SAFETY: not null, and the caller vouches for 32 bytes there.
            unsafe { ptr::copy_nonoverlapping(digest.as_ptr(), digest_out, digest.len()) };
            answer::Code::True as i32
        }
    }
}

/// Frees a text that this library returned; null is nothing to free.
///
/// # Safety
/// `text` is null, or was returned by this library and is freed once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lupu_proof_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it came from `CString::into_raw` in `judge`, whose length nobody changed.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// This library's version; not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn lupu_proof_version() -> *const c_char {
    VERSION.as_ptr()
}

/// # Safety
/// `bundle` points to `bundle_len` readable bytes, `anchors` to 32 times `anchor_count`; `out` is
/// null or points to a pointer that may be written.
unsafe fn judge(
    bundle: *const u8,
    bundle_len: usize,
    anchors: *const u8,
    anchor_count: usize,
    now: u64,
    out: *mut *mut c_char,
    f: fn(&[u8], &[B256], Option<TimestampSecs>) -> Answer,
) -> i32 {
    if !out.is_null() {
        // SAFETY: not null, and the caller vouches for it.
        unsafe { *out = ptr::null_mut() };
    }
    let Some(anchors_len) = anchor_count.checked_mul(32) else { return MISUSE };
    // SAFETY: the caller vouches for both.
    let Some((file, anchors)) = (unsafe { bytes(bundle, bundle_len).zip(bytes(anchors, anchors_len)) }) else {
        return MISUSE;
    };
    let now = (now != 0).then_some(TimestampSecs(now));
    let answer = guarded(|| {
        let anchors: Vec<B256> = anchors.chunks_exact(32).map(B256::from_slice).collect();
        let Answer { code, text } = f(file, &anchors, now);
        (code, CString::new(text).ok())
    });
    let Some((code, Some(text))) = answer else { return FAULT };
    if !out.is_null() {
        // SAFETY: as above.
        unsafe { *out = text.into_raw() };
    }
    code as i32
}

/// The caller's bytes; none for a null pointer to something, or a length that no object has.
///
/// # Safety
/// `start` points to `len` bytes that nobody changes while they are read.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> Option<&'a [u8]> {
    if len == 0 {
        return Some(&[]);
    }
    if start.is_null() || len > isize::MAX as usize {
        return None;
    }
    // SAFETY: not null, not too long, and the caller vouches for the rest.
    Some(unsafe { slice::from_raw_parts(start, len) })
}

/// What `f` returns, or nothing if it panicked. In WebAssembly a panic is a trap, which the
/// embedder catches.
fn guarded<T>(f: impl FnOnce() -> T) -> Option<T> {
    #[cfg(not(target_os = "none"))]
    return std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).ok();
    #[cfg(target_os = "none")]
    return Some(f());
}
