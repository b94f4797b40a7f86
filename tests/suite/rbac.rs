//! Who may do what, without pods, levels or files.

/// What each diagnostic says, and when.
mod diagnostics;
/// Roles and bindings in few words.
mod objects;
/// What holds for any roles and bindings.
mod properties;
/// How grants concern namespaces, and who can make pods there.
mod reach;
/// What a reimplementer gets wrong, one trap a test.
mod traps;
/// Upstream's answers.
mod vectors;
