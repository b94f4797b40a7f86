//! Compressed files and archives: bytes in, texts out. Nothing of what they hold is ever written to disk, so the names
//! of an archive's members are only text.

use std::cell::Cell;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::{Limits, has_known_extension, unreadable};
use crate::diag::Diagnostic;
use crate::input::{InputFile, Storage};

/// A compressed file may always unpack to this many bytes …
const FREE_UNPACKED: u64 = 64 << 20;

/// … and beyond that to this many times its size. Dumps reach 50, deflate allows 1032.
const MAX_RATIO: u64 = 200;

/// How many members of an archive are looked at. A must-gather of a big cluster has a hundred thousand. No flag raises
/// it: more can be read from the folder that the archive was made of.
const MAX_MEMBERS: usize = 2_000_000;

/// How many bytes may stand before the content of a member: its header, and its name where that is long. Names have at
/// most 4096 bytes on Linux, and the rest of what is told about a file as many again.
const MAX_HEADERS: u64 = 1 << 20;

/// What other tools pack with, by the first bytes: it is named, so that nobody has to guess from a byte that is no text.
const FOREIGN: [(&[u8], &str); 4] = [
    (b"PK\x03\x04", "zip"),
    (b"BZh91AY&SY", "bzip2"),
    (b"\xFD7zXZ\0", "xz"),
    (b"7z\xBC\xAF\x27\x1C", "7z"),
];

/// What a file holds.
pub(super) enum Contents {
    /// One text.
    Text(Box<dyn Read + Send>, Storage),
    /// A tar archive.
    Archive(Box<dyn Read + Send>),
}

/// Looks into a file of `size` bytes: at what it holds, not at its name.
pub(super) fn look(
    source: impl Read + Send + 'static,
    size: u64,
    limits: Limits,
) -> io::Result<Contents> {
    let (head, source) = peek(source, 10)?;
    if let Some((_, name)) = FOREIGN.iter().find(|(start, _)| head.starts_with(start)) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("it is packed with {name}"),
        ));
    }
    let limit = limits
        .unpacked
        .unwrap_or(FREE_UNPACKED.max(size.saturating_mul(MAX_RATIO)));
    let (inner, storage): (Box<dyn Read + Send>, Storage) = match head.as_slice() {
        [0x1F, 0x8B, ..] => {
            let unpacked = MultiGzDecoder::new(BufReader::new(source));
            (Box::new(Limited::new(unpacked, limit)), Storage::Gzip)
        }
        [0x28, 0xB5, 0x2F, 0xFD, ..] => {
            let unpacked = Frames::Between(BufReader::new(source));
            (Box::new(Limited::new(unpacked, limit)), Storage::Zstd)
        }
        _ => (Box::new(source), Storage::Plain),
    };
    let (head, inner) = peek(inner, 512)?;
    if head.get(257..262) == Some(b"ustar") {
        Ok(Contents::Archive(Box::new(inner)))
    } else {
        Ok(Contents::Text(Box::new(inner), storage))
    }
}

/// A tar archive that is read member by member.
pub struct Archive {
    pub(super) name: Arc<str>,
    pub(super) source: Box<dyn Read + Send>,
    pub(super) limits: Limits,
}

impl Archive {
    /// Gives every member that may hold objects, in the order of the archive: those with the endings that are read in
    /// directories. Links and devices are passed over, and a member that cannot be read costs no other.
    ///
    /// # Errors
    /// If the archive is broken or cut off, or holds too much; what was given before is whole.
    pub fn each(self, mut take: impl FnMut(Result<InputFile, Diagnostic>)) -> io::Result<()> {
        let left = Cell::new(0);
        let mut archive = tar::Archive::new(Metered {
            source: self.source,
            left: &left,
        });
        let mut members = archive.entries().map_err(broken_archive)?;
        for number in 0.. {
            left.set(MAX_HEADERS);
            let Some(member) = members.next() else {
                break;
            };
            left.set(u64::MAX);
            let mut member = member.map_err(broken_archive)?;
            if number >= MAX_MEMBERS {
                let message = format!("it holds more than {MAX_MEMBERS} files");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
            let path = String::from_utf8_lossy(&member.path_bytes()).into_owned();
            if member.header().entry_type().is_file() && has_known_extension(path.as_ref()) {
                let size = member.size();
                let name = format!("{}!{path}", self.name);
                let packed = packed(&mut member, size, self.limits)?;
                let text = text(packed, size, self.limits);
                take(match text {
                    Ok(bytes) => Ok(InputFile {
                        storage: Storage::Archived,
                        ..InputFile::new(name, bytes)
                    }),
                    Err(error) => Err(unreadable(&name, &error)),
                });
            }
            // What stands before the next member is bounded, so nothing of this one may be left.
            io::copy(&mut member, &mut io::sink())?;
        }
        // A compressed archive is only whole if the rest can be unpacked, too.
        left.set(u64::MAX);
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        Ok(())
    }
}

/// The archive's bytes, of which only so many may be read before the next member.
struct Metered<'l, R> {
    source: R,
    left: &'l Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let left = self.left.get().checked_sub(count as u64);
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a name in it is too long");
        self.left.set(left.ok_or_else(broken)?);
        Ok(count)
    }
}

/// The bytes of a member as they are stored.
fn packed(member: impl Read, size: u64, limits: Limits) -> io::Result<Vec<u8>> {
    let packed = read_limited(member, limits.text())?;
    match (packed.len() as u64) < size {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(packed),
    }
}

/// The text of a member, unpacked if it is compressed.
fn text(packed: Vec<u8>, size: u64, limits: Limits) -> io::Result<Vec<u8>> {
    match look(Cursor::new(packed), size, limits)? {
        Contents::Text(source, _) => read_limited(source, limits.text()),
        Contents::Archive(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "it is an archive within an archive",
        )),
    }
}

/// The crate's words do not say that it is about an archive, and those for the end differ with the place.
fn broken_archive(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => {
            let message = error.to_string();
            match message.contains("entire block") || message.contains("unexpected EOF") {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the archive is broken: {message}"),
                ),
            }
        }
        _ => error,
    }
}

/// Everything that a source holds, up to a limit.
pub(super) fn read_limited(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it holds more than {} MiB", limit >> 20),
    )
}

/// A source of which the first bytes have been looked at.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a source, and the source with these before it again.
fn peek<R: Read>(mut source: R, count: u64) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    source.by_ref().take(count).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}

/// A source that fails once it has given too much.
struct Limited<R> {
    source: R,
    left: u64,
    limit: u64,
}

impl<R> Limited<R> {
    fn new(source: R, limit: u64) -> Self {
        Limited {
            source,
            left: limit,
            limit,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| too_large(self.limit))?;
        Ok(count)
    }
}

/// The frames of a zstd file, one behind the other.
enum Frames<R: Read> {
    Between(BufReader<R>),
    Within(Box<StreamingDecoder<BufReader<R>, ruzstd::decoding::FrameDecoder>>),
    /// The end, or an error.
    Over,
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            *self = match std::mem::replace(self, Frames::Over) {
                Frames::Over => return Ok(0),
                Frames::Between(mut source) => {
                    if io::BufRead::fill_buf(&mut source)?.is_empty() {
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(source).map_err(broken)?;
                    Frames::Within(Box::new(decoder))
                }
                Frames::Within(mut decoder) => {
                    let count = decoder.read(buffer).map_err(broken)?;
                    if count > 0 {
                        *self = Frames::Within(decoder);
                        return Ok(count);
                    }
                    Frames::Between(decoder.into_inner())
                }
            };
        }
    }
}

/// The crate's words for data that end too early differ with the place where they do.
fn broken(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>()
            && inner.kind() == io::ErrorKind::UnexpectedEof
        {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = inner.source();
    }
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the compressed data are broken: {error}"),
    )
}
