//! How far a long read is, on standard error and on a terminal only.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use psp2psa::input::walk::Source;

/// Nothing is drawn before this has passed, so that short reads stay quiet.
const TICK: Duration = Duration::from_millis(300);

/// A bar over so many bytes of files. It draws nothing unless standard error is a terminal.
pub(crate) fn reading(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(4));
    let style = "reading {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {elapsed}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// A bar that is never drawn.
pub(crate) fn nothing() -> ProgressBar {
    ProgressBar::hidden()
}

/// One file's share of a bar. However often its bytes are read, they count once; when it is dropped, all of them do.
pub(crate) struct Share {
    bar: ProgressBar,
    /// How many bytes have not been counted yet.
    left: Arc<AtomicU64>,
}

impl Share {
    pub(crate) fn new(bar: &ProgressBar, bytes: u64) -> Self {
        Share {
            bar: bar.clone(),
            left: Arc::new(AtomicU64::new(bytes)),
        }
    }

    /// The source, whose bytes are counted as they are read if anybody sees the bar: what passes through a counter is
    /// written to memory that has to be cleared first, which takes a tenth of the time of a long `check`.
    pub(crate) fn of(&self, source: Source) -> Source {
        match self.bar.is_hidden() {
            true => source,
            false => self.counted(source),
        }
    }

    fn counted(&self, source: Source) -> Source {
        Box::new(Counted {
            source,
            bar: self.bar.clone(),
            left: Arc::clone(&self.left),
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bar.inc(self.left.swap(0, Ordering::Relaxed));
    }
}

struct Counted {
    source: Source,
    bar: ProgressBar,
    left: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        // Nobody else reads the same file at the same time.
        let left = self.left.load(Ordering::Relaxed);
        let counted = left.min(count as u64);
        self.left.store(left - counted, Ordering::Relaxed);
        self.bar.inc(counted);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_as_they_are_read_and_once() {
        let bar = ProgressBar::hidden();
        let share = Share::new(&bar, 10);
        let mut source = share.counted(Box::new(&b"0123456789"[..]));
        source.read_exact(&mut [0; 4]).expect("there are ten");
        assert_eq!(bar.position(), 4);
        let mut again = share.counted(Box::new(&b"0123456789"[..]));
        again.read_exact(&mut [0; 10]).expect("there are ten");
        assert_eq!(bar.position(), 10);
    }

    #[test]
    fn a_file_that_could_not_be_read_to_its_end_counts_whole() {
        let bar = ProgressBar::hidden();
        drop(Share::new(&bar, 10));
        assert_eq!(bar.position(), 10);
    }
}
