//! The target `beefy_commitment` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("beefy_commitment", data));
