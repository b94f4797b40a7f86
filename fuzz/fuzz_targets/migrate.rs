//! See `targets::migrate`.
#![no_main]

#[expect(dead_code, reason = "each program fuzzes one target")]
#[path = "../targets.rs"]
mod targets;
#[path = "../thread.rs"]
mod thread;

libfuzzer_sys::fuzz_target!(
    init: thread::only_this_one(),
    |bytes: &[u8]| targets::migrate(bytes)
);
