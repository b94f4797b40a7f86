//! Values of arguments, from texts.

use crate::model::is_dns_label;
use crate::plan::Aim;
use crate::pss::{InvalidLevel, InvalidVersion, Level, Version};

/// A version as in labels; on the command line `1.25` will do for `v1.25`.
pub(super) fn version(text: &str) -> Result<Version, String> {
    text.parse()
        .or_else(|error| format!("v{text}").parse().map_err(|_| error))
        .map_err(|error: InvalidVersion| error.to_string())
}

pub(super) fn gibibytes(text: &str) -> Result<u64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=1 << 20).contains(number));
    number.ok_or_else(|| "expected a whole number of GiB from 1 to 1048576".to_owned())
}

/// What objects without a namespace belong to has to be a name that a namespace can have.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    match is_dns_label(text) {
        true => Ok(text.to_owned()),
        false => Err(
            "expected the name of a namespace: at most 63 lower case letters, digits and `-`, the first and the last \
             no `-`"
                .to_owned(),
        ),
    }
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    text.parse()
        .map_err(|error: InvalidLevel| error.to_string())
}

pub(super) fn aim(text: &str) -> Result<Aim, String> {
    match text {
        "next" => Ok(Aim::Next),
        text => level(text)
            .map(Aim::Level)
            .map_err(|error| format!("{error}, or next")),
    }
}
