//! The answer of `check` as a table, written line by line: there may be a hundred thousand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::table::Columns;
use super::{Fit, is_invisible, visible};
use crate::check::{Checked, Judged, Question};
use crate::pss;
use crate::render::view::words::count;

/// How much is written at once.
const BUFFER: usize = 64 << 10;

/// Writes the answer of `check`.
///
/// # Errors
/// If `out` fails.
pub fn check(
    out: &mut dyn io::Write,
    judged: &Judged,
    question: &Question,
    fit: Fit,
) -> io::Result<()> {
    let verdict_head = match question.level {
        Some(_) => "ALLOWED",
        None => "LEVEL",
    };
    let mut columns = Columns::new(&["NAMESPACE", "WORKLOAD", verdict_head, "WHY"]);
    let mut reasons = Reasons::default();
    let (mut all, mut refused) = (0, 0);
    for checked in judged.iter() {
        all += 1;
        refused += usize::from(!checked.violations.is_empty());
        columns.make_room(
            [
                width(checked.namespace.unwrap_or("-")),
                width(checked.kind) + 1 + width(checked.name.0) + width(checked.name.1),
                verdict(&checked, question).len(),
                reasons.of(&checked, fit).1,
            ]
            .into_iter(),
        );
    }
    let mut text = columns.head(fit);
    let mut workload = String::new();
    let mut ends: BTreeMap<*const pss::Violation, String> = BTreeMap::new();
    for checked in judged.iter() {
        workload.clear();
        workload.push_str(&shown(checked.kind));
        workload.push('/');
        workload.push_str(&shown(checked.name.0));
        workload.push_str(&shown(checked.name.1));
        let begin = [&*shown(checked.namespace.unwrap_or("-")), &workload];
        columns.begin(&mut text, &begin, fit);
        text.push_str(ends.entry(checked.violations.as_ptr()).or_insert_with(|| {
            let reason = &reasons.of(&checked, fit).0;
            columns.end(&[verdict(&checked, question), reason], fit)
        }));
        if text.len() >= BUFFER {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    let _ = match question.level {
        Some(level) => writeln!(
            text,
            "\n{refused} of {} {} {}:{}",
            count(all, "workload", "workloads"),
            if refused == 1 { "violates" } else { "violate" },
            level.as_str(),
            question.version.with_rules()
        ),
        None => writeln!(
            text,
            "\n{} judged at {}; WHY is in the way of the next level",
            count(all, "workload", "workloads"),
            question.version.with_rules()
        ),
    };
    out.write_all(text.as_bytes())
}

fn verdict(checked: &Checked<'_>, question: &Question) -> &'static str {
    match (question.level, checked.violations.is_empty()) {
        (None, _) => checked.satisfies.tightest().as_str(),
        (Some(_), true) => "yes",
        (Some(_), false) => "no",
    }
}

/// What violations say together with how wide that is, made once for each list of violations.
#[derive(Default)]
struct Reasons(BTreeMap<*const pss::Violation, (String, usize)>);

impl Reasons {
    fn of(&mut self, checked: &Checked<'_>, fit: Fit) -> &(String, usize) {
        // Workloads with the same answer share the list.
        self.0
            .entry(checked.violations.as_ptr())
            .or_insert_with(|| {
                let text = visible(&match fit {
                    Fit::Terminal => pss::reason(checked.violations),
                    Fit::Wide => pss::detail(checked.violations),
                });
                let width = text.chars().count();
                (text, width)
            })
    }
}

fn shown(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(is_invisible) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(visible(text))
    }
}

fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    shown(text).chars().count()
}

/// Whether a text is printable ASCII, as nearly all are. Looking at all of it is faster than stopping early.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .fold(true, |plain, byte| plain & (0x20..0x7F).contains(&byte))
}
