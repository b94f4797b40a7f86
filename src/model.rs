//! Every object we understand, by kind.

pub mod admission;
pub mod defaults;
pub(crate) mod nullable;
pub mod object;
pub mod pod;
pub mod psp;
pub mod role;
