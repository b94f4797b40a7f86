//! See `targets::lines`.
#![no_main]

#[expect(dead_code, reason = "each program fuzzes one target")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::lines(bytes));
