//! See `targets::psa`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| psp2psa_fuzz::psa(bytes));
