//! The target `grandpa_membership` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("grandpa_membership", data));
