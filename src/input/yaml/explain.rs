//! What is wrong with a document in words for people who write manifests.

use granit_parser::ErrorKind;

use crate::diag::Code;
use crate::input::diags;
use crate::input::tree::builder::Refusal;
use crate::input::tree::{MAX_ALIASED, MAX_DEPTH, MAX_NODES};

/// Why the text is not made into a tree, and what to do.
pub(super) fn refusal(refusal: Refusal) -> (&'static Code, String, &'static str) {
    match refusal {
        Refusal::TooDeep => (
            &diags::TOO_DEEP,
            format!("lists and mappings are nested more than {MAX_DEPTH} deep"),
            "no Kubernetes object is that deep; look for unbalanced brackets",
        ),
        Refusal::TooLarge => (
            &diags::TOO_LARGE,
            format!("the document has more than {MAX_NODES} values"),
            "split it into several documents",
        ),
        Refusal::AliasBomb => (
            &diags::ALIAS_BOMB,
            format!("following the aliases would add more than {MAX_ALIASED} values"),
            "write the repeated parts out",
        ),
        Refusal::Cycle => (
            &diags::ALIAS_BOMB,
            "the anchor contains an alias to itself".to_owned(),
            "write the repeated part out",
        ),
        Refusal::CompositeKey => (
            &diags::SYNTAX,
            "a list or mapping stands where a key was expected".to_owned(),
            "quote a value that begins with `{` or `[`",
        ),
        Refusal::NullKey => (
            &diags::SYNTAX,
            "the key is null, expected a name".to_owned(),
            "quote the key if it is meant literally",
        ),
        Refusal::NotMergeable => (
            &diags::SYNTAX,
            "a merge key (`<<`) needs a mapping or a list of mappings".to_owned(),
            "quote the key if it is meant literally",
        ),
    }
}

/// What the parser says, and what to do.
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
