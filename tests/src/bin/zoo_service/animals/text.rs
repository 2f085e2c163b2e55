//! Strings: all characters, and other types that are written as strings.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::animal::{Sample, zoo};

zoo! {
    Texts: "zoo.get_texts" "zoo.check_texts" "zoo.refused_texts";
    Letters: "zoo.get_letters" "zoo.check_letters" "zoo.refused_letters";
    Times: "zoo.get_times" "zoo.check_times" "zoo.refused_times";
    LocalTimes: "zoo.get_local_times" "zoo.check_local_times" "zoo.refused_local_times";
    Ids: "zoo.get_ids" "zoo.check_ids" "zoo.refused_ids";
    Prices: "zoo.get_prices" "zoo.check_prices" "zoo.refused_prices";
    Places: "zoo.get_places" "zoo.check_places" "zoo.refused_places";
    Octets: "zoo.get_octets" "zoo.check_octets" "zoo.refused_octets";
    String: "zoo.get_bare_text" "zoo.check_bare_text" "zoo.refused_bare_text";
    DateTime<Utc>: "zoo.get_bare_time" "zoo.check_bare_time" "zoo.refused_bare_time";
}

/// Texts that a component on the way might change. Excludes lone surrogates, which a `String` cannot hold.
pub(super) const HOSTILE: [&str; 9] = [
    "",
    " \t\r\n\u{b}\u{c} ",
    "\u{0}\u{1}\u{1f}\u{7f}\u{80}\u{9f}",
    "\u{feff}\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\u{2028}\u{2029}\u{202e}\u{200b}",
    "\"'`\\/\\u0041\\n${x}{{x}}%s</script><!--&amp;*/",
    "日本語 żółć e\u{301} é 👩‍👩‍👧‍👦",
    "2024-01-01T00:00:00Z",
    "1e3",
    "null",
];

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Texts {
    string: String,
    boxed: Box<str>,
    shared: Arc<str>,
    borrowed: Cow<'static, str>,
    path: PathBuf,
}

impl Sample for Texts {
    fn samples() -> Vec<Self> {
        HOSTILE
            .into_iter()
            .map(|text| Self {
                string: text.to_owned(),
                boxed: text.into(),
                shared: text.into(),
                borrowed: text.into(),
                path: text.into(),
            })
            .collect()
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"string":1,"boxed":"","shared":"","borrowed":"","path":""}"#,
            r#"{"string":null,"boxed":"","shared":"","borrowed":"","path":""}"#,
            r#"{"string":"","boxed":["a"],"shared":"","borrowed":"","path":""}"#,
            r#"{"string":"","boxed":"","shared":"","borrowed":""}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Letters {
    letter: char,
    letters: Vec<char>,
}

impl Sample for Letters {
    fn samples() -> Vec<Self> {
        vec![
            Self { letter: 'a', letters: vec![] },
            // Two units in UTF-16, four bytes in UTF-8.
            Self { letter: '\u{1f980}', letters: vec!['\u{0}', '"', '\u{2028}', '\u{10ffff}', 'é'] },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"letter":"","letters":[]}"#,
            r#"{"letter":"ab","letters":[]}"#,
            // One visible letter, two characters.
            r#"{"letter":"e\u0301","letters":[]}"#,
            r#"{"letter":97,"letters":[]}"#,
            r#"{"letter":"a","letters":["\ud83e\udd80\ud83e\udd80"]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Times {
    utc: DateTime<Utc>,
    local: DateTime<FixedOffset>,
    maybe: Option<DateTime<Utc>>,
    many: Vec<DateTime<Utc>>,
}

fn utc(text: &str) -> DateTime<Utc> {
    local(text).to_utc()
}

fn local(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap_or_default()
}

impl Sample for Times {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                utc: utc("2024-02-29T12:34:56.123456789Z"),
                local: local("2024-02-29T12:34:56.000000001+05:45"),
                maybe: None,
                many: vec![],
            },
            Self {
                utc: utc("1970-01-01T00:00:00Z"),
                local: local("0001-01-01T00:00:00-00:30"),
                maybe: Some(utc("9999-12-31T23:59:59.999999999Z")),
                many: vec![utc("1969-12-31T23:59:59.999Z"), utc("2038-01-19T03:14:08.5Z"), utc("0001-01-01T00:00:00Z")],
            },
            // Years and seconds that some languages do not support.
            Self {
                utc: utc("2016-12-31T23:59:60.500000001Z"),
                local: local("2017-01-01T05:44:60+05:45"),
                maybe: Some(DateTime::<Utc>::MAX_UTC),
                many: vec![
                    DateTime::<Utc>::MIN_UTC,
                    utc("0000-02-29T12:00:00Z"),
                    utc("-0001-01-01T00:00:00Z"),
                    utc("+10000-01-01T00:00:00.000000001Z"),
                    utc("+12345-06-30T23:59:60Z"),
                ],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"utc":"yesterday","local":"2024-01-01T00:00:00Z","maybe":null,"many":[]}"#,
            r#"{"utc":"2024-13-01T00:00:00Z","local":"2024-01-01T00:00:00Z","maybe":null,"many":[]}"#,
            r#"{"utc":"2023-02-29T00:00:00Z","local":"2024-01-01T00:00:00Z","maybe":null,"many":[]}"#,
            r#"{"utc":"2024-01-01T00:00:00","local":"2024-01-01T00:00:00Z","maybe":null,"many":[]}"#,
            r#"{"utc":"2024-01-01T00:00:00Z","local":"2024-01-01","maybe":null,"many":[]}"#,
            r#"{"utc":"2024-01-01T00:00:00Z","local":1704067200,"maybe":null,"many":[]}"#,
            r#"{"utc":"2024-01-01T00:00:00Z","local":"2024-01-01T00:00:00Z","maybe":"","many":[]}"#,
        ]
    }
}

/// Times without a time zone. Most clients keep them as text and do not check the text.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct LocalTimes {
    date: NaiveDate,
    time: NaiveTime,
    both: NaiveDateTime,
}

impl Sample for LocalTimes {
    fn samples() -> Vec<Self> {
        let both = utc("2024-02-29T23:59:59.000000001Z").naive_utc();
        let at = |date, both: NaiveDateTime| Self { date, time: both.time(), both };
        vec![
            at(both.date(), both),
            at(NaiveDate::MIN, NaiveDateTime::MIN),
            at(NaiveDate::MAX, NaiveDateTime::MAX),
            at(NaiveDate::from_ymd_opt(0, 2, 29).unwrap_or_default(), both),
            at(NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap_or_default(), both),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"date":20240229,"time":"00:00:00","both":"2024-02-29T00:00:00"}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Ids {
    id: Uuid,
    ids: Vec<Uuid>,
}

impl Sample for Ids {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: Uuid::nil(), ids: vec![Uuid::max()] },
            Self { id: Uuid::from_u128(0x0188_f1b0_7c3e_7a5b_8c9d_0e1f_2a3b_4c5d), ids: vec![] },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"id":"","ids":[]}"#,
            r#"{"id":"42","ids":[]}"#,
            r#"{"id":"0188f1b0-7c3e-7a5b-8c9d-0e1f2a3b4c5g","ids":[]}"#,
            r#"{"id":42,"ids":[]}"#,
            r#"{"id":"00000000-0000-0000-0000-000000000000","ids":[null]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Prices {
    price: Decimal,
    maybe: Option<Decimal>,
    all: Vec<Decimal>,
}

impl Sample for Prices {
    fn samples() -> Vec<Self> {
        let smallest = Decimal::new(1, 28);
        vec![
            Self { price: Decimal::new(-110, 2), maybe: None, all: vec![] },
            // More digits than a float has.
            Self { price: Decimal::MAX, maybe: Some(smallest), all: vec![Decimal::MIN, Decimal::ZERO, smallest] },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"price":"","maybe":null,"all":[]}"#,
            r#"{"price":"one","maybe":null,"all":[]}"#,
            r#"{"price":"1,5","maybe":null,"all":[]}"#,
            r#"{"price":true,"maybe":null,"all":[]}"#,
            r#"{"price":null,"maybe":null,"all":[]}"#,
        ]
    }
}

/// Other formats of text.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Places {
    url: Url,
    address: IpAddr,
}

impl Sample for Places {
    fn samples() -> Vec<Self> {
        let url = |text| Url::parse(text).expect("a URL");
        vec![
            Self { url: url("https://example.org/a%20b?c=d#e"), address: IpAddr::from([127, 0, 0, 1]) },
            Self { url: url("mailto:a@example.org"), address: IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"url":1,"address":"::1"}"#, r#"{"url":"https://example.org/"}"#]
    }
}

/// Lists of numbers on the wire, whatever a language uses for bytes. Serde also reads `bytes::Bytes` from text, which
/// no client writes.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Octets {
    vec: Vec<u8>,
    array: [u8; 4],
    boxed: Box<[u8]>,
    maybe: Option<Vec<u8>>,
    bytes: bytes::Bytes,
}

impl Sample for Octets {
    fn samples() -> Vec<Self> {
        let all: Vec<_> = (0..=u8::MAX).collect();
        vec![
            Self { vec: vec![], array: [0; 4], boxed: [].into(), maybe: Some(vec![]), bytes: bytes::Bytes::new() },
            Self { vec: all.clone(), array: [255; 4], boxed: all.clone().into(), maybe: None, bytes: all.into() },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"vec":"AAAA","array":[0,0,0,0],"boxed":[],"maybe":null,"bytes":[]}"#,
            r#"{"vec":[256],"array":[0,0,0,0],"boxed":[],"maybe":null,"bytes":[]}"#,
            r#"{"vec":[],"array":[0,0,0],"boxed":[],"maybe":null,"bytes":[]}"#,
            r#"{"vec":[],"array":[0,0,0,0,0],"boxed":[],"maybe":null,"bytes":[]}"#,
            r#"{"vec":null,"array":[0,0,0,0],"boxed":[],"maybe":null,"bytes":[]}"#,
            r#"{"vec":[],"array":[0,0,0,0],"boxed":[],"maybe":null,"bytes":[-1]}"#,
        ]
    }
}

impl Sample for String {
    fn samples() -> Vec<Self> {
        HOSTILE.map(ToOwned::to_owned).into()
    }

    fn refusals() -> &'static [&'static str] {
        &["1", "null", r#"["a"]"#, "{}"]
    }
}

impl Sample for DateTime<Utc> {
    fn samples() -> Vec<Self> {
        vec![utc("2024-02-29T12:34:56.123456789Z")]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""tomorrow""#, "0", "null"]
    }
}
