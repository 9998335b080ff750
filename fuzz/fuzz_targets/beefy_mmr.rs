//! The target `beefy_mmr` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("beefy_mmr", data));
