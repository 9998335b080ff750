//! The target `qbft_update` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("qbft_update", data));
