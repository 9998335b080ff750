//! What a module needs where there is no system: memory, an end for what cannot go on, and a way
//! for the embedder to put bytes into memory.
#![allow(unsafe_code)]

use alloc::{boxed::Box, vec};
use core::{panic::PanicInfo, ptr};

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Memory for `len` bytes, zeroed; null for none.
#[unsafe(no_mangle)]
pub extern "C" fn lupu_proof_reserve(len: usize) -> *mut u8 {
    match len {
        0 => ptr::null_mut(),
        _ => Box::into_raw(vec![0u8; len].into_boxed_slice()).cast(),
    }
}

/// Gives memory back.
///
/// # Safety
/// `start` came from [`lupu_proof_reserve`] with this `len`, and is given back once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lupu_proof_release(start: *mut u8, len: usize) {
    if !start.is_null() {
        // SAFETY: the very box that `lupu_proof_reserve` let go of.
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(start, len)) });
    }
}
