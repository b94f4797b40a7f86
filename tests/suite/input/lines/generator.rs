//! YAML as Go marshals it, and what is nearly that.

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const KEYS: &[&str] = &[
    "a",
    "name",
    "b",
    "kind",
    "f:metadata",
    ".",
    "k:{\"uid\":\"x\"}",
    "\"on\"",
    "'y'",
    "1",
    "yes",
    "0x1f",
    "1.5",
    "example.com/x",
    "a b",
    "~",
    "null",
    "<<",
    "-a",
    "a:b",
    "é",
    "\"\\u00e9\"",
    "*",
    "\u{a0}a",
    "",
];

const SCALARS: &[&str] = &[
    "x",
    "true",
    "\"true\"",
    "null",
    "~",
    "1",
    "-1",
    "0644",
    "1e3",
    "0x1F",
    "1_000",
    ".5",
    "1.10",
    "10:30",
    "=",
    "--flag",
    "--flag=x",
    "-",
    "- x",
    "a: b",
    "a #b",
    "a#b",
    "#a",
    "a:",
    ":a",
    "a,b",
    "[a]",
    "{a: b}",
    "{}",
    "[]",
    "{ }",
    "[ ]",
    "\"\"",
    "''",
    "'it''s'",
    "'a: b'",
    "\"a\\nb\"",
    "\"\\\"\"",
    "\"a\\\\\"",
    "'a' b",
    "\"a\" #b",
    "'a",
    "\"a",
    "'",
    "\"",
    "\"a\\",
    "\"a\\x41\"",
    "\"\\u0041\\u263a\"",
    "\"\\ud83d\\ude00\"",
    "\"\\q\"",
    "&x a",
    "*x",
    "!!str a",
    "!a",
    "|",
    "|-",
    "|+",
    "|2",
    "|2-",
    ">",
    ">-",
    "| # c",
    "%a",
    "@a",
    "`a",
    "?a",
    "? a",
    "?",
    ",",
    "]",
    "}",
    "!",
    "é",
    "aé: b",
    "a  ",
    "'a'  ",
    "<<",
    "2001-01-01",
    "a\tb",
    "\\",
    ")",
    "a'b",
    "a\"b",
    "\"a\" \"b\"",
    "''''",
    "'''",
    "\"a\"b",
    "https://example.com:80/x",
    "a\u{85}b",
    "a\u{2028}b",
    "\u{feff}a",
    "a\u{fffe}",
];

const WORDS: &[&str] = &[
    "one", "two", "a:", "#", "-", "- x", "'", "\"", "b: c", "it''s", "\\", "\\\"", "é", ":", "x#",
];

/// Lines whose indentation and content come from what has a meaning somewhere.
pub(crate) fn lines(random: &mut Random) -> String {
    let mut text = String::new();
    if random.below(6) == 0 {
        text.push_str(random.one_of(&[
            "---\n",
            "--- \n",
            "# c\n",
            "\n",
            "--- # c\n",
            "--- a\n",
            "%YAML 1.2\n---\n",
            "  ",
        ]));
    }
    let mut indent = if random.below(12) == 0 { 2 } else { 0 };
    for _ in 0..1 + random.below(9) {
        let mut own = indent;
        match random.below(24) {
            0 => text.push_str(random.one_of(&[
                "\n", "  \n", "# c\n", "   # c\n", "---\n", "...\n", "\t\n", "      \n",
            ])),
            1 => own += random.below(4),
            2 => own = own.saturating_sub(random.below(4)),
            _ => {}
        }
        text.extend(std::iter::repeat_n(' ', own));
        let mut column = own;
        while random.below(3) == 0 {
            let dash = random.one_of(&["- ", "- ", "- ", "-  ", "-\n", "-   "]);
            text.push_str(dash);
            column += dash.len();
        }
        let keyed = random.below(8) > 0;
        if keyed {
            text.push_str(random.one_of(KEYS));
            text.push_str(random.one_of(&[":", ":", ":", ":", ":", ": ", " :", ":  "]));
        }
        indent = match random.below(4) {
            0 => own,
            _ => column,
        };
        let nested = keyed && random.below(3) == 0;
        if nested {
            indent = column + random.one_of(&["", "  ", "  ", "  ", "    ", " "]).len();
        } else {
            if keyed {
                text.push(' ');
            }
            text.push_str(random.one_of(SCALARS));
        }
        if random.below(30) == 0 {
            text.push_str(random.one_of(&[" # c", " ", "  ", "\r", ":", " #"]));
        }
        text.push('\n');
        // Lines that the scalar may go on in.
        if !nested && random.below(3) == 0 {
            for _ in 0..1 + random.below(3) {
                let deeper = column + random.below(5);
                let deeper = if random.below(12) == 0 { own } else { deeper };
                text.extend(std::iter::repeat_n(' ', deeper));
                for _ in 0..random.below(3) {
                    text.push_str(random.one_of(WORDS));
                    text.push_str(random.one_of(&[" ", "", "  "]));
                }
                text.push_str(random.one_of(&["", "", "", "'", "\"", "\\", " "]));
                text.push('\n');
            }
        }
    }
    if random.below(8) == 0 {
        text.pop();
    }
    text
}

/// A document as Go's marshaller prints it, of a random shape.
pub(crate) fn marshalled(random: &mut Random) -> String {
    let mut text = String::new();
    if random.below(3) == 0 {
        text.push_str("---\n");
    }
    if random.below(4) == 0 {
        list(random, &mut text, 0, 4);
    } else {
        map(random, &mut text, 0, 4);
    }
    text
}

fn map(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    for number in 0..1 + random.below(5) {
        if number > 0 {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        let key = random.below(KEYS.len() - 10);
        text.push_str(KEYS[key]);
        text.push_str(
            &number
                .to_string()
                .repeat(random.below(2) * usize::from(key < 5)),
        );
        text.push(':');
        match random.below(5) {
            0 if depth > 0 => {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', indent + 2));
                map(random, text, indent + 2, depth - 1);
            }
            1 if depth > 0 => {
                let own = indent + 2 * usize::from(random.below(4) == 0);
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', own));
                list(random, text, own, depth - 1);
            }
            _ => {
                text.push(' ');
                scalar(random, text, indent);
            }
        }
    }
}

fn list(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    for number in 0..1 + random.below(4) {
        if number > 0 {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str("- ");
        match random.below(4) {
            0 if depth > 0 => map(random, text, indent + 2, depth - 1),
            1 if depth > 0 => list(random, text, indent + 2, depth - 1),
            _ => scalar(random, text, indent),
        }
    }
}

fn scalar(random: &mut Random, text: &mut String, indent: usize) {
    const GOOD: &[&str] = &[
        "x",
        "true",
        "null",
        "1",
        "-1",
        "\"1\"",
        "''",
        "\"\"",
        "'it''s'",
        "{}",
        "[]",
        "--flag=x",
        "\"a\\nb\"",
        "0644",
        "registry.example.com/a:1.0@sha256:00",
        "'a: b'",
        "é",
        "1e3",
        "12:30",
    ];
    let under =
        |text: &mut String, blanks: usize| text.extend(std::iter::repeat_n(' ', indent + blanks));
    match random.below(12) {
        0 => {
            text.push_str(random.one_of(&["|\n", "|-\n", "|+\n"]));
            for number in 0..1 + random.below(4) {
                match random.below(5) {
                    0 if number > 0 => {}
                    1 if number > 0 => under(text, 2),
                    2 if number > 0 => {
                        under(text, 4);
                        text.push_str("more");
                    }
                    _ => {
                        under(text, 2);
                        text.push_str(random.one_of(WORDS));
                    }
                }
                text.push('\n');
            }
        }
        1 => {
            let (open, between, close) = match random.below(4) {
                0 => ("'", "", "'"),
                1 => ("\"", "\\", "\""),
                2 => ("\"", "", "\""),
                _ => ("", "", ""),
            };
            text.push_str(open);
            text.push_str("folded ");
            for _ in 0..1 + random.below(3) {
                text.push_str("text");
                text.push_str(random.one_of(&["", " "]));
                text.push_str(between);
                text.push('\n');
                under(text, 2);
                text.push_str(
                    random
                        .one_of(&["", "", "\\ "])
                        .get(..close.len() / 2)
                        .unwrap_or_default(),
                );
            }
            text.push_str("end");
            text.push_str(close);
            text.push('\n');
        }
        _ => {
            text.push_str(random.one_of(GOOD));
            text.push('\n');
        }
    }
}

/// Changes a text in a few places, by characters and by lines.
pub(crate) fn changed(text: &str, random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "\n", " ", "  ", "-", "- ", ":", ": ", "#", " #", "'", "\"", "|", "|-", "{}", "[]", "a",
        "1", "\\", "~", "*a", "&a ", "!!str ", "<<", ">", "?", ",", "\n\n", "\n  ", "é", "%", "@",
        "a:\n", "- a\n", "\t", "\r\n", "---\n", "...\n", "\\\n", "\"a\": ", "''", "\u{feff}",
        "\u{85}", "\n    ", " \n", "# c\n", ": b",
    ];
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        let at = (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let end = text[at..]
            .find('\n')
            .map_or(text.len(), |length| at + length + 1);
        match random.below(9) {
            0 | 1 if at < text.len() => drop(text.remove(at)),
            2 => text.insert_str(line, random.one_of(&[" ", "  ", "- ", "# ", "    "])),
            3 if text[line..].starts_with(' ') => drop(text.remove(line)),
            4 => {
                let copy = text[line..end].to_owned();
                text.insert_str(line, &copy);
            }
            5 => text.replace_range(line..end, ""),
            _ => text.insert_str(at, random.one_of(PIECES)),
        }
    }
    text
}
