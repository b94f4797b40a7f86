//! From a policy to levels.
