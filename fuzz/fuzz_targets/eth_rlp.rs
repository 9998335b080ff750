//! The target `eth_rlp` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("eth_rlp", data));
