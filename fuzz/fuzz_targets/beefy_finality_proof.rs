//! The target `beefy_finality_proof` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("beefy_finality_proof", data));
