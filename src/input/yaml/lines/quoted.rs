//! Scalars in quotes, on one line or folded over several.

use std::borrow::Cow;

use super::{Reader, Scalar, trim_end};
use crate::input::yaml::scalar::Tag;

/// Where the text in quotes ends with which `bytes` begin, behind the closing quote.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    if bytes[0] == b'\'' {
        loop {
            at += memchr::memchr(b'\'', bytes.get(at..)?)? + 1;
            // Two quotes stand for one.
            if bytes.get(at) != Some(&b'\'') {
                return Some(at);
            }
            at += 1;
        }
    }
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// The content of a text in quotes on one line.
pub(super) fn content(text: &str) -> Option<Cow<'_, str>> {
    let inner = &text[1..text.len() - 1];
    let single = text.starts_with('\'');
    let special = if single { b'\'' } else { b'\\' };
    if memchr::memchr(special, inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut content = String::with_capacity(inner.len());
    unescape(inner, single, &mut content)?;
    Some(Cow::Owned(content))
}

impl<'a> Reader<'a> {
    /// Reads a text in quotes that goes on below its first line, in lines that are indented more than `parent`: a line
    /// break is a blank, one behind a backslash is nothing.
    pub(super) fn quoted(&mut self, first: &str, at: usize, parent: usize) -> Option<Scalar<'a>> {
        let single = match first.as_bytes().first()? {
            b'\'' => true,
            b'"' => false,
            _ => return None,
        };
        // The quote ends on this line, and something else follows; or a blank is escaped that was cut off.
        let cut_off = self.text.as_bytes().get(at + first.len()) == Some(&b' ');
        if end(first.as_bytes()).is_some() || cut_off && first.ends_with('\\') {
            return None;
        }
        let mut content = String::new();
        let mut part = &first[1..];
        loop {
            // Blanks before a line break do not count, escaped ones do.
            let escaped = !single && trailing_backslashes(part) % 2 == 1;
            let unfinished = part.strip_suffix('\\').filter(|_| escaped);
            unescape(unfinished.unwrap_or(part), single, &mut content)?;
            if unfinished.is_none() {
                content.push(' ');
            }
            let (indent, _) = self.ahead().filter(|(indent, _)| *indent > parent)?;
            let line = &self.next_line()?[indent..];
            part = trim_end(line);
            // As if the quote opened here.
            if let Some(end) = closing(part, single) {
                if end + 1 < part.len() {
                    return None;
                }
                unescape(&part[..end], single, &mut content)?;
                return Some(Scalar {
                    text: Cow::Owned(content),
                    tag: Tag::Text,
                    start: at,
                    end: self.line_start + indent + part.len(),
                });
            }
            if part.len() < line.len() && part.ends_with('\\') {
                return None;
            }
        }
    }
}

/// Where the closing quote stands in the further line of a text in quotes.
fn closing(part: &str, single: bool) -> Option<usize> {
    let quote = if single { '\'' } else { '"' };
    let opened = format!("{quote}{part}");
    end(opened.as_bytes()).map(|end| end - 2)
}

fn trailing_backslashes(text: &str) -> usize {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count()
}

/// Appends a text with the commonest escapes resolved.
fn unescape(text: &str, single: bool, content: &mut String) -> Option<()> {
    let mut rest = text;
    if single {
        while let Some(found) = memchr::memchr(b'\'', rest.as_bytes()) {
            content.push_str(&rest[..=found]);
            rest = rest[found..].strip_prefix("''")?;
        }
        content.push_str(rest);
        return Some(());
    }
    while let Some(found) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
        content.push_str(&rest[..found]);
        let mut behind = rest[found..].strip_prefix('\\')?.chars();
        content.push(match behind.next()? {
            same @ ('"' | '\\' | '/' | ' ') => same,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = behind.as_str().get(..4)?;
                let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| all)?;
                behind = behind.as_str().get(4..)?.chars();
                // Half of a surrogate pair is none.
                char::from_u32(code)?
            }
            _ => return None,
        });
        rest = behind.as_str();
    }
    content.push_str(rest);
    Some(())
}
