//! The target `grandpa_justification` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("grandpa_justification", data));
