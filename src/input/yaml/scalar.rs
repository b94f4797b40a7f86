//! What an unquoted YAML scalar means, as `kubectl` understands it: YAML 1.1 with the habits of Go.
//!
//! Follows go-yaml v2.4 `resolve.go` and, on the way to JSON, `sigs.k8s.io/yaml` 1.6 `yaml.go`: a float that is a whole
//! number becomes an integer (`1e3` is 1000), and mapping keys become strings (`yes` is `true`).
//! Two liberties: `!!timestamp` is not checked, and unsigned 64-bit keys are accepted.

use std::borrow::Cow;

use crate::input::tree::Value;

/// A tag, as far as it decides about a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// None on an unquoted scalar: the text decides.
    Plain,
    /// None on a quoted or block scalar, `!!str`, `!!timestamp`, or a tag that only its author knows.
    Text,
    /// `!!bool`.
    Bool,
    /// `!!int`.
    Int,
    /// `!!float`.
    Float,
    /// `!!null`.
    Null,
    /// `!!binary`.
    Binary,
}

/// A scalar that contradicts its tag, or a number that JSON cannot hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) String);

/// The value of a scalar.
pub(super) fn resolve(text: Cow<'_, str>, tag: Tag) -> Result<Value<'_>, Misfit> {
    let misfit = |what: &str| {
        Misfit(format!(
            "`{}` is not {what}, as its tag claims",
            shorten(&text)
        ))
    };
    match tag {
        Tag::Text => Ok(Value::Text(text)),
        Tag::Plain => match plain(&text) {
            Some(value) => finite(value, &text),
            None => Ok(Value::Text(text)),
        },
        Tag::Bool => match plain(&text) {
            Some(value @ Value::Bool(_)) => Ok(value),
            _ => Err(misfit("a boolean")),
        },
        Tag::Null => match plain(&text) {
            Some(Value::Null) => Ok(Value::Null),
            _ => Err(misfit("null")),
        },
        // A whole number with a point or an exponent is a float to go-yaml, so `!!int 1.0` is refused.
        Tag::Int => match number(&text) {
            Some(value @ (Value::Int(_) | Value::Uint(_))) => Ok(value),
            _ => Err(misfit("an integer")),
        },
        Tag::Float => match number(&text).or_else(|| special(&text)) {
            Some(value @ (Value::Int(_) | Value::Float(_))) => finite(whole(value), &text),
            _ => Err(misfit("a number")),
        },
        Tag::Binary => match base64(&text) {
            Some(bytes) => Ok(Value::Text(Cow::Owned(
                String::from_utf8_lossy(&bytes).into_owned(),
            ))),
            None => Err(Misfit(
                "the `!!binary` value is not valid base64".to_owned(),
            )),
        },
    }
}

/// The string that a scalar becomes as a mapping key; `None` for `null`.
pub(super) fn key(text: Cow<'_, str>, tag: Tag) -> Result<Option<Cow<'_, str>>, Misfit> {
    // Keys are named before floats become integers.
    if tag == Tag::Plain || tag == Tag::Float {
        let number = number(&text).or_else(|| special(&text));
        if let Some(Value::Float(float)) = number {
            return Ok(Some(Cow::Owned(float_key(float))));
        }
    }
    Ok(match resolve(text, tag)? {
        Value::Text(text) => Some(text),
        other => value_as_key(&other),
    })
}

/// The string that a resolved scalar becomes as a key; `None` for `null` and for what cannot be a key.
pub(super) fn value_as_key<'a>(value: &Value<'a>) -> Option<Cow<'a, str>> {
    match value {
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Int(int) => Some(Cow::Owned(int.to_string())),
        Value::Uint(int) => Some(Cow::Owned(int.to_string())),
        Value::Float(float) => Some(Cow::Owned(float_key(*float))),
        Value::Text(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// What an unquoted text stands for if it is not a string. The first byte rules out nearly all strings.
fn plain(text: &str) -> Option<Value<'static>> {
    match text.as_bytes().first() {
        None => Some(Value::Null),
        Some(b'+' | b'-' | b'.' | b'0'..=b'9') => number(text).map(whole).or_else(|| special(text)),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            word(text)
        }
        Some(_) => None,
    }
}

fn word(text: &str) -> Option<Value<'static>> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        _ => None,
    }
}

/// `.inf` and `.nan`, which have no place in JSON.
fn special(text: &str) -> Option<Value<'static>> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Value::Float(f64::NEG_INFINITY)),
        ".nan" | ".NaN" | ".NAN" => Some(Value::Float(f64::NAN)),
        _ => None,
    }
}

/// A number in any spelling; floats stay floats.
fn number(text: &str) -> Option<Value<'static>> {
    let first = *text.as_bytes().first()?;
    if first == b'.' {
        // Go's ParseFloat alone is asked here: no underscores.
        return decimal(text);
    }
    if !matches!(first, b'+' | b'-' | b'0'..=b'9') {
        return None;
    }
    let digits: Cow<'_, str> = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    integer(&digits)
        .or_else(|| decimal(&digits))
        .or_else(|| signed_binary(&digits))
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint`: a leading zero alone means octal.
fn integer(text: &str) -> Option<Value<'static>> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // Rust accepts a sign here, Go does not.
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Value::Int(int)),
        // ParseUint knows no sign.
        Err(_) if unsigned.len() < text.len() => None,
        Err(_) => Some(Value::Uint(magnitude)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the pattern of `resolve.go`. Beyond the range of a float it
/// is a string.
fn decimal(text: &str) -> Option<Value<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !fits || !exponent_fits {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Value::Float(float))
}

/// `0b` with a sign behind it, which the last branch of `resolve.go` lets pass.
fn signed_binary(text: &str) -> Option<Value<'static>> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Value::Int)
}

/// A float that is a whole number as the integer it becomes in JSON.
///
/// Go writes floats below 1e21 without an exponent, and with the shortest digits that name the float; Rust's `Display`
/// gives the same digits.
fn whole(value: Value<'static>) -> Value<'static> {
    let Value::Float(float) = value else {
        return value;
    };
    if float.fract() != 0.0 || float.abs() >= 1e21 {
        return value;
    }
    let digits = float.to_string();
    let digits = digits.strip_prefix("-0").map_or(digits.as_str(), |_| "0");
    if let Ok(int) = digits.parse() {
        Value::Int(int)
    } else if let Ok(int) = digits.parse() {
        Value::Uint(int)
    } else {
        value
    }
}

fn finite<'a>(value: Value<'static>, text: &str) -> Result<Value<'a>, Misfit> {
    match value {
        Value::Float(float) if !float.is_finite() => {
            Err(Misfit(format!("`{text}` cannot be written as JSON")))
        }
        value => Ok(value),
    }
}

/// Go's `FormatFloat(float, 'g', -1, 32)`, which is how `sigs.k8s.io/yaml` names a key that is a float.
fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific
        .split_once('e')
        .expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is an integer");
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    } else {
        float.to_string()
    }
}

/// Standard base64 with padding; line breaks do not count.
fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    for group in bytes[..bytes.len() - padding].chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * (4 - group.len());
        decoded.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(decoded)
}

/// The text, or its beginning, for a message.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
