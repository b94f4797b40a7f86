//! Places in a text, and the faults that are named the same way for YAML and JSON.

use crate::diag::Code;

use super::diags;

/// Where a part of a file begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// Byte in the file.
    pub(super) offset: usize,
    /// One-based line.
    pub(super) line: u32,
    /// One-based column in characters.
    pub(super) column: u32,
}

impl Origin {
    /// The beginning of a file.
    pub(super) const START: Origin = Origin {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// The place `ahead` bytes further, where `bytes` are the ones passed over.
    pub(super) fn after(self, bytes: &[u8]) -> Origin {
        let mut place = self;
        place.offset += bytes.len();
        let mut line = bytes;
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            place.line += memchr::memchr_iter(b'\n', bytes).count() as u32;
            place.column = 1;
            line = &bytes[last + 1..];
        }
        place.column += characters(line);
        place
    }
}

/// Why a document cannot be read.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) code: &'static Code,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) message: String,
    pub(super) help: String,
}

impl Fault {
    /// A fault of a whole document.
    pub(super) fn at_start(code: &'static Code, origin: Origin, message: &str, help: &str) -> Self {
        Fault {
            code,
            line: origin.line,
            column: origin.column,
            message: message.to_owned(),
            help: help.to_owned(),
        }
    }
}

/// A blank that YAML takes for a letter: no-break space, the typographic spaces, zero-width space, ideographic space.
pub(super) fn is_odd_blank(character: char) -> bool {
    matches!(
        character,
        '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// The fault of a control character at byte `at`.
pub(super) fn control_fault(text: &str, origin: Origin, at: usize) -> Fault {
    let place = origin.after(&text.as_bytes()[..at]);
    let character = text[at..].chars().next().unwrap_or_default();
    if character == '\0' {
        return Fault {
            code: &diags::BINARY,
            line: place.line,
            column: place.column,
            message: "a NUL byte in the text".to_owned(),
            help: "binary files cannot hold objects; leave the file out".to_owned(),
        };
    }
    Fault {
        code: &diags::SYNTAX,
        line: place.line,
        column: place.column,
        message: format!(
            "the control character U+{:04X} is not allowed",
            character as u32
        ),
        help: "remove it, or write it as an escape in double quotes".to_owned(),
    }
}

/// The fault of a tab or an odd blank in the indentation of the line of byte `at` or of a neighbour, which is what an
/// error there nearly always comes from.
pub(super) fn blank_fault(text: &str, origin: Origin, at: usize) -> Option<Fault> {
    let bytes = text.as_bytes();
    let line_start = |end: usize| {
        let line_break = bytes[..end].iter().rposition(|byte| *byte == b'\n');
        line_break.map_or(0, |at| at + 1)
    };
    let here = line_start(at);
    let before = line_start(here.saturating_sub(1));
    let after = bytes[at..].iter().position(|byte| *byte == b'\n');
    let after = after.map_or(bytes.len(), |length| at + length + 1);
    [here, before, after]
        .into_iter()
        .find_map(|start| {
            let indentation = text[start..]
                .chars()
                .take_while(|c| *c == ' ' || *c == '\t' || is_odd_blank(*c));
            let blanks: usize = indentation.clone().map(char::len_utf8).sum();
            let rest = text[start + blanks..].chars().next();
            // A blank line may hold whatever it likes.
            if matches!(rest, None | Some('\n' | '\r')) {
                return None;
            }
            let mut offset = start;
            for character in indentation {
                if character != ' ' {
                    return Some((offset, character));
                }
                offset += character.len_utf8();
            }
            None
        })
        .map(|(at, character)| indentation_fault(text, origin, at, character))
}

/// The tab that stands in the indentation of a block node which begins at byte `start`, if any.
///
/// The parser takes some of these for blanks, go-yaml v2 takes none (`scannerc.go`, `yaml_parser_scan_to_next_token`).
pub(super) fn indenting_tab(text: &str, start: usize) -> Option<usize> {
    let before = &text.as_bytes()[..start];
    let is_indentation = |byte: &u8| matches!(byte, b' ' | b'\t' | b'-' | b'?');
    let length = before
        .iter()
        .rev()
        .take_while(|byte| is_indentation(byte))
        .count();
    let line_start = start - length;
    let begins_line = line_start == 0 || matches!(before[line_start - 1], b'\n' | b'\r');
    // Behind `---` a tab is a blank.
    if !begins_line || before[line_start..].starts_with(b"---") {
        return None;
    }
    let tab = before[line_start..]
        .iter()
        .position(|byte| *byte == b'\t')?;
    Some(line_start + tab)
}

/// The fault of a character at byte `at` that cannot indent.
pub(super) fn indentation_fault(text: &str, origin: Origin, at: usize, character: char) -> Fault {
    let place = origin.after(&text.as_bytes()[..at]);
    let (message, help) = if character == '\t' {
        ("a tab cannot indent YAML".to_owned(), "use blanks")
    } else {
        let code = character as u32;
        let message = format!("U+{code:04X} {} in indentation", name_of(character));
        (message, "replace it by ordinary blanks")
    };
    Fault {
        code: &diags::SYNTAX,
        line: place.line,
        column: place.column,
        message,
        help: help.to_owned(),
    }
}

/// What an odd blank is called.
pub(super) fn name_of(character: char) -> &'static str {
    match character {
        '\u{a0}' => "no-break space",
        '\u{202f}' => "narrow no-break space",
        '\u{200b}' => "zero-width space",
        '\u{3000}' => "ideographic space",
        _ => "typographic space",
    }
}

/// How many characters begin in the bytes of a UTF-8 text. A byte's worth of bytes is counted at a time: that takes
/// one vector instruction for many, and positions in a file on one line are counted over all of it.
fn characters(bytes: &[u8]) -> u32 {
    bytes
        .chunks(255)
        .map(|chunk| {
            let count: u8 = chunk.iter().map(|byte| u8::from(byte & 0xC0 != 0x80)).sum();
            u32::from(count)
        })
        .sum()
}
