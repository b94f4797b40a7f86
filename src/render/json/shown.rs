//! JSON as it is printed: two blanks for each level, as `serde_json` does it, and nothing in it that readers do not see.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::render::text::is_invisible;

/// How deep the next line is indented.
#[derive(Default)]
pub(super) struct Shown {
    depth: usize,
    /// Whether the list or object that was begun last has something in it.
    has_value: bool,
}

/// A line end with blanks for most depths.
const INDENT: &[u8] = b"\n                                                                ";

impl Shown {
    fn begin(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn end(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_value {
            self.line(out)?;
        }
        out.write_all(bracket)
    }

    fn next(&self, out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.line(out)
    }

    fn line(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let width = 1 + 2 * self.depth;
        out.write_all(&INDENT[..width.min(INDENT.len())])?;
        (INDENT.len()..width).try_for_each(|_| out.write_all(b" "))
    }
}

impl Formatter for Shown {
    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // Nearly all of it is printable ASCII, and all that is not seen is of the first plane.
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|b| !(b' '..=b'~').contains(&b)) {
            out.write_all(&rest.as_bytes()[..at])?;
            let mut chars = rest[at..].chars();
            match chars.next() {
                Some(c) if is_invisible(c) => write!(out, "\\u{:04x}", u32::from(c))?,
                c => {
                    let shown = &rest.as_bytes()[at..at + c.map_or(0, char::len_utf8)];
                    out.write_all(shown)?;
                }
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}
