//! How far a long read is, on standard error and on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
