//! SHA-256 of a file as it is stored, taken while it is read for another purpose.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::walk::Source;

/// What tells a file from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How many bytes it has.
    pub bytes: u64,
    /// Their SHA-256, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// The SHA-256 of these bytes, in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of one file. It may be read several times, one after the other: the last time counts, and only if the
/// file was read to its end.
#[derive(Debug, Default)]
pub struct Taken(Arc<Mutex<Option<Digest>>>);

impl Taken {
    /// The source, of whose bytes the digest is taken as they are read. What was found before is forgotten.
    pub fn of(&self, source: Source) -> Source {
        set(&self.0, None);
        Box::new(Hashed {
            source,
            hasher: Sha256::new(),
            bytes: 0,
            ended: false,
            found: Arc::clone(&self.0),
        })
    }

    /// The digest; `None` if the file was not read to its end.
    pub fn found(&self) -> Option<Digest> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone()
    }
}

fn set(found: &Mutex<Option<Digest>>, digest: Option<Digest>) {
    *found.lock().unwrap_or_else(PoisonError::into_inner) = digest;
}

struct Hashed {
    source: Source,
    hasher: Sha256,
    bytes: u64,
    /// Whether the end was seen. Nothing is given behind it, even if the file grows: the digest would not be of it.
    ended: bool,
    found: Arc<Mutex<Option<Digest>>>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        if count == 0 {
            self.ended = true;
            let digest = Digest {
                bytes: self.bytes,
                sha256: hexadecimal(&std::mem::take(&mut self.hasher).finalize()),
            };
            set(&self.found, Some(digest));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_that_of_the_last_time_a_file_was_read_to_its_end() {
        let taken = Taken::default();
        let mut text = String::new();
        let mut source = taken.of(Box::new(&b"something else"[..]));
        source.read_to_string(&mut text).expect("it is in memory");
        let mut source = taken.of(Box::new(&b"abc"[..]));
        source.read_exact(&mut [0; 3]).expect("there are three");
        assert_eq!(taken.found(), None, "nobody has seen the end");
        assert_eq!(source.read(&mut [0]).expect("it is in memory"), 0);
        let digest = Digest {
            bytes: 3,
            sha256: ABC.to_owned(),
        };
        assert_eq!(taken.found(), Some(digest));
        assert_eq!(sha256(b"abc"), ABC);
    }
}
