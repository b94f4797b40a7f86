//! JSON into a tree, where that is needed: the slow path behind `serde_json`.
//!
//! It applies the API server's rules for repeated keys and knows the place of every field.

pub(super) mod scan;

use std::borrow::Cow;

use super::diags;
use super::text::{Fault, Origin};
use super::tree::builder::{Builder, Kind, Refusal, Repeats};
use super::tree::{MAX_DEPTH, MAX_NODES, NodeId, Span, Tree, Value};

/// Reads one JSON value into a tree.
pub(super) fn load(text: &str, origin: Origin) -> Result<(Tree<'_>, NodeId), Fault> {
    if text.len() > u32::MAX as usize {
        return Err(Fault::at_start(
            &diags::TOO_LARGE,
            origin,
            "a JSON object of more than 4 GiB",
            "split the dump",
        ));
    }
    let mut reader = Reader {
        text,
        start: origin.offset,
        pos: 0,
        place: origin,
        builder: Builder::new(text, origin.offset, Repeats::MappingsMerge),
    };
    reader.read()?;
    match reader.builder.finish() {
        Some((tree, root, _)) => Ok((tree, root)),
        None => Err(Fault::at_start(
            &diags::SYNTAX,
            origin,
            "expected a JSON value",
            "",
        )),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Where the text begins in the file.
    start: usize,
    pos: usize,
    /// The place of the last token: places are counted from one to the next.
    place: Origin,
    builder: Builder<'a>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Result<(), Fault> {
        loop {
            let opened = self.value()?;
            if opened {
                continue;
            }
            loop {
                let Some(kind) = self.builder.open() else {
                    return Ok(());
                };
                match (self.skip_blanks(), kind) {
                    (Some(b','), Kind::List) => {
                        self.pos += 1;
                        break;
                    }
                    (Some(b','), Kind::Map) => {
                        self.pos += 1;
                        self.key()?;
                        break;
                    }
                    (Some(b']'), Kind::List) | (Some(b'}'), Kind::Map) => self.close()?,
                    (_, Kind::List) => return Err(self.fault("expected `,` or `]`")),
                    (_, Kind::Map) => return Err(self.fault("expected `,` or `}`")),
                }
            }
        }
    }

    /// Reads a scalar or an empty collection, or opens one and reads up to its first value. True if it opened one.
    fn value(&mut self) -> Result<bool, Fault> {
        let kind = match self.skip_blanks() {
            Some(b'{') => Kind::Map,
            Some(b'[') => Kind::List,
            Some(b'"') => {
                let span = self.span();
                let (text, end) = self.string()?;
                self.add(Value::Text(text), Span { end, ..span })?;
                return Ok(false);
            }
            _ => {
                self.word()?;
                return Ok(false);
            }
        };
        let span = self.span();
        self.pos += 1;
        self.builder
            .start(kind, span, 0)
            .map_err(|refusal| self.refused(refusal))?;
        match (self.skip_blanks(), kind) {
            (Some(b'}'), Kind::Map) | (Some(b']'), Kind::List) => {
                self.close()?;
                Ok(false)
            }
            (_, Kind::Map) => {
                self.key()?;
                Ok(true)
            }
            (_, Kind::List) => Ok(true),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        let end = self.pos as u32;
        self.builder
            .end(end)
            .map_err(|refusal| self.refused(refusal))
    }

    fn key(&mut self) -> Result<(), Fault> {
        if self.skip_blanks() != Some(b'"') {
            return Err(self.fault("expected a key in double quotes"));
        }
        let span = self.span();
        let (text, end) = self.string()?;
        self.add(Value::Text(text), Span { end, ..span })?;
        if self.skip_blanks() != Some(b':') {
            return Err(self.fault("expected `:` after a key"));
        }
        self.pos += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(Cow<'a, str>, u32), Fault> {
        let bytes = self.text.as_bytes();
        let start = self.pos + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
                None => return Err(self.fault("the string is never closed")),
            }
        }
        let whole: &'a str = self.text;
        let raw = &whole[start..at];
        let text = if !escaped {
            Cow::Borrowed(raw)
        } else if let Some(text) = unescape(raw) {
            Cow::Owned(text)
        } else {
            return Err(self.fault("the string has an unknown escape"));
        };
        self.pos = at + 1;
        Ok((text, self.pos as u32))
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), Fault> {
        let span = self.span();
        let rest = &self.text[self.pos..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => number(word).ok_or_else(|| {
                self.fault(
                    match word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
                        true => "expected a number that fits 64 bits",
                        false => "expected a JSON value",
                    },
                )
            })?,
        };
        self.pos += length;
        let end = self.pos as u32;
        self.add(value, Span { end, ..span })
    }

    fn add(&mut self, value: Value<'a>, span: Span) -> Result<(), Fault> {
        self.builder
            .scalar(value, span, 0)
            .map_err(|refusal| self.refused(refusal))
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.pos..];
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
            .count();
        self.pos += blanks;
        rest.get(blanks).copied()
    }

    fn span(&mut self) -> Span {
        let counted = self.place.offset - self.start;
        self.place = self.place.after(&self.text.as_bytes()[counted..self.pos]);
        Span {
            start: self.pos as u32,
            end: self.pos as u32,
            line: self.place.line,
            column: self.place.column,
        }
    }

    fn fault(&mut self, message: &str) -> Fault {
        let span = self.span();
        Fault {
            code: &diags::SYNTAX,
            line: span.line,
            column: span.column,
            message: message.to_owned(),
            help: String::new(),
        }
    }

    fn refused(&mut self, refusal: Refusal) -> Fault {
        let (code, message) = match refusal {
            Refusal::TooDeep => (
                &diags::TOO_DEEP,
                format!("lists and objects are nested more than {MAX_DEPTH} deep"),
            ),
            Refusal::TooLarge
            | Refusal::AliasBomb
            | Refusal::Cycle
            | Refusal::CompositeKey
            | Refusal::NullKey
            | Refusal::NotMergeable => (
                &diags::TOO_LARGE,
                format!("the object has more than {MAX_NODES} values"),
            ),
        };
        Fault {
            code,
            ..self.fault(&message)
        }
    }
}

/// A JSON number: an integer if it is written as one and fits 64 bits.
fn number(word: &str) -> Option<Value<'static>> {
    if !word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    if word == "-0" {
        return Some(Value::Int(0));
    }
    if let Ok(int) = word.parse() {
        return Some(Value::Int(int));
    }
    if let Ok(int) = word.parse() {
        return Some(Value::Uint(int));
    }
    let float: f64 = word.parse().ok()?;
    float.is_finite().then_some(Value::Float(float))
}

/// A string without its escapes. Half of a surrogate pair becomes U+FFFD, as in Go.
fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        if at > 0 {
            flush(&mut units, &mut text);
        }
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let escape = chars.next()?;
        rest = chars.as_str();
        if escape == 'u' {
            let digits = rest.get(..4)?;
            // Rust would accept a sign.
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            units.push(u16::from_str_radix(digits, 16).ok()?);
            rest = &rest[4..];
            continue;
        }
        flush(&mut units, &mut text);
        text.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => return None,
        });
    }
    flush(&mut units, &mut text);
    text.push_str(rest);
    Some(text)
}

fn flush(units: &mut Vec<u16>, text: &mut String) {
    text.extend(
        char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
    );
}
