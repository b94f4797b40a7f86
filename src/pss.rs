//! The Pod Security Standards: levels, versions, checks.
