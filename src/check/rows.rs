//! Workloads in the order of the input, in few bytes each: a cluster has a hundred thousand of them.

/// One workload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The index of its group.
    pub(super) group: u32,
    /// Whether its name begins with the stem of its group, which is not kept here.
    pub(super) stemmed: bool,
    pub(super) document: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Workloads with their names.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The names, one behind the other.
    names: String,
    /// For each row the length of its name, its group with the stem's bit, and how its place differs from that of the row
    /// before. All are numbers of seven bits a byte, the lowest first; the last byte of each is below 128.
    coded: Vec<u8>,
    last: Row,
}

/// What a row without its name can take: five numbers of at most five bytes.
const LONGEST: usize = 25;

impl Rows {
    /// Adds a workload.
    pub(super) fn push(&mut self, row: Row, name: &str) {
        // Doubling would leave a quarter of the memory unused.
        if self.names.capacity() - self.names.len() < name.len() {
            self.names.reserve_exact(name.len() + self.names.len() / 8);
        }
        if self.coded.capacity() - self.coded.len() < LONGEST {
            self.coded.reserve_exact(LONGEST + self.coded.len() / 8);
        }
        self.names.push_str(name);
        let last = self.last;
        for number in [
            name.len() as u64,
            u64::from(row.group) << 1 | u64::from(row.stemmed),
            difference(last.document, row.document),
            difference(last.line, row.line),
            difference(last.column, row.column),
        ] {
            self.write(number);
        }
        self.last = row;
    }

    /// All workloads with their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Row, &str)> {
        let mut names = self.names.as_str();
        let mut coded = self.coded.as_slice();
        let mut last = Row::default();
        std::iter::from_fn(move || {
            let (name, rest) = names.split_at(read(&mut coded)? as usize);
            names = rest;
            let group = read(&mut coded)?;
            last = Row {
                group: (group >> 1) as u32,
                stemmed: group & 1 == 1,
                document: add(last.document, read(&mut coded)?),
                line: add(last.line, read(&mut coded)?),
                column: add(last.column, read(&mut coded)?),
            };
            Some((last, name))
        })
    }

    fn write(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.coded.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.coded.push(number as u8);
    }
}

fn read(coded: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (byte, rest) = coded.split_first()?;
        *coded = rest;
        number |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if *byte < 0x80 {
            return Some(number);
        }
    }
}

/// How one number differs from another: twice the distance, and one more if it is smaller.
fn difference(from: u32, to: u32) -> u64 {
    u64::from(from.abs_diff(to)) << 1 | u64::from(to < from)
}

fn add(from: u32, difference: u64) -> u32 {
    let distance = (difference >> 1) as u32;
    match difference & 1 {
        0 => from.wrapping_add(distance),
        _ => from.wrapping_sub(distance),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Rows};

    #[test]
    fn rows_come_back_as_they_were_added() {
        let row = |group, document, line, column| Row {
            group,
            stemmed: group % 2 == 1,
            document,
            line,
            column,
        };
        let all = [
            (row(0, 1, 1, 1), "a"),
            (row(u32::MAX, u32::MAX, 0, u32::MAX), ""),
            (row(127, 0, 128, 0), "ä-b"),
            (row(128, 1, 16_384, 5), "long-name-with-a-suffix"),
        ];
        let mut rows = Rows::default();
        for (row, name) in all {
            rows.push(row, name);
        }
        assert!(rows.iter().eq(all));
    }
}
