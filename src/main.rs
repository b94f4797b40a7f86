//! The `psp2psa` command.

fn main() {}
