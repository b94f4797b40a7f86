//! Names and annotations that mean something to a path, a shell, a terminal or a page; numbers and types that no
//! server accepts; objects that own each other; and very many objects of one name.

mod broken;
mod large;
mod many;
mod names;
mod values;
mod wildcards;
