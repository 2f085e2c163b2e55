//! Durations in Go's format: `60s`, `1m30s`, `720h`, `1.5s`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

pub(super) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(number);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        if !whole.is_empty() {
            nanos = nanos.checked_add(whole.parse::<u128>().ok()?.checked_mul(unit)?)?;
        }
        let mut place = unit;
        for digit in fraction.chars() {
            place /= 10;
            nanos = nanos.checked_add(u128::from(digit.to_digit(10)?) * place)?;
        }
        rest = tail;
    }
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

pub(super) fn print(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (divisor, unit) = if nanos.is_multiple_of(1_000_000_000) {
        (1_000_000_000, "s")
    } else if nanos.is_multiple_of(1_000_000) {
        (1_000_000, "ms")
    } else {
        (1, "ns")
    };
    format!("{}{unit}", nanos / divisor)
}

pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&print(*duration))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a duration; write it like `60s` or `1m30s`")))
}

pub(super) mod optional {
    use super::{Deserializer, Duration, Serializer};

    #[allow(clippy::ref_option)] // serde passes a reference.
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, millis) in [("60s", 60_000), ("1m30s", 90_000), ("720h", 2_592_000_000), ("1.5s", 1_500), ("0", 0)] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "60", "s", "1 s", "-1s", "1x", ".s"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(print(Duration::from_secs(90)), "90s");
        assert_eq!(print(Duration::from_millis(1500)), "1500ms");
    }
}
