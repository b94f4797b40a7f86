//! The parser's errors in words for people who write manifests.

use granit_parser::ErrorKind;

/// What is wrong, and what to do.
pub(super) fn explain(kind: &ErrorKind) -> (String, &'static str) {
    let (message, help) = match kind {
        ErrorKind::MappingValueNotAllowed => (
            "a `key: value` pair cannot stand here",
            "check the indentation, and quote a value that contains `: `",
        ),
        ErrorKind::ExpectedBlockMappingKey => (
            "expected a `key:` at the indentation of the mapping above",
            "check the indentation of this line",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "expected a `- ` at the indentation of the list above",
            "check the indentation of this line",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "expected a `:` after the key",
            "keys end with `:` and a blank, on the same line, within 1024 characters",
        ),
        ErrorKind::UnclosedQuotedScalar => (
            "a quote is opened and never closed",
            "close it, or escape quotes within the value",
        ),
        ErrorKind::InvalidQuotedScalarIndent => (
            "a quoted value goes on in a line that is not indented",
            "a quote is missing above, or the line has to be indented",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            return (
                format!("the bracket `{open}` is never closed"),
                "close it, or quote the value if it is meant literally",
            );
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (
                format!("a value cannot begin with {character:?}"),
                "quote the value",
            );
        }
        other => return (other.to_string(), ""),
    };
    (message.to_owned(), help)
}
