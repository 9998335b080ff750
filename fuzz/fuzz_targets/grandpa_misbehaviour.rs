//! The target `grandpa_misbehaviour` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("grandpa_misbehaviour", data));
