//! The target `grandpa_messages` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lupu_fuzz::run("grandpa_messages", data));
