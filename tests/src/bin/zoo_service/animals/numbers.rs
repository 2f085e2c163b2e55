//! Numbers of all widths, at both ends of their ranges.

use std::num::{NonZeroI64, NonZeroU8, NonZeroU32};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::animal::{Sample, zoo};

zoo! {
    Integers: "zoo.get_integers" "zoo.check_integers" "zoo.refused_integers";
    WideIntegers: "zoo.get_wide_integers" "zoo.check_wide_integers" "zoo.refused_wide_integers";
    HugeIntegers: "zoo.get_huge_integers" "zoo.check_huge_integers" "zoo.refused_huge_integers";
    NonZeros: "zoo.get_non_zeros" "zoo.check_non_zeros" "zoo.refused_non_zeros";
    Ranged: "zoo.get_ranged" "zoo.check_ranged" "zoo.refused_ranged";
    Floats: "zoo.get_floats" "zoo.check_floats" "zoo.refused_floats";
    RandomFloats: "zoo.get_random_floats" "zoo.check_random_floats" "zoo.refused_random_floats";
    Units: "zoo.get_units" "zoo.check_units" "zoo.refused_units";
    AnyNumber: "zoo.get_any_number" "zoo.check_any_number" "zoo.refused_any_number";
    Anything: "zoo.get_anything" "zoo.check_anything" "zoo.refused_anything";
    Durations: "zoo.get_durations" "zoo.check_durations" "zoo.refused_durations";
    u64: "zoo.get_bare_integer" "zoo.check_bare_integer" "zoo.refused_bare_integer";
    f64: "zoo.get_bare_float" "zoo.check_bare_float" "zoo.refused_bare_float";
    bool: "zoo.get_bare_bool" "zoo.check_bare_bool" "zoo.refused_bare_bool";
    Value: "zoo.get_bare_anything" "zoo.check_bare_anything" "zoo.refused_bare_anything";
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Integers {
    i8: i8,
    i16: i16,
    i32: i32,
    u8: u8,
    u16: u16,
    u32: u32,
}

impl Sample for Integers {
    fn samples() -> Vec<Self> {
        vec![
            Self { i8: i8::MIN, i16: i16::MIN, i32: i32::MIN, u8: 0, u16: 0, u32: 0 },
            Self { i8: i8::MAX, i16: i16::MAX, i32: i32::MAX, u8: u8::MAX, u16: u16::MAX, u32: u32::MAX },
            Self { i8: -1, i16: 0, i32: 1, u8: 2, u16: 3, u32: 4 },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"i8":-129,"i16":0,"i32":0,"u8":0,"u16":0,"u32":0}"#,
            r#"{"i8":0,"i16":32768,"i32":0,"u8":0,"u16":0,"u32":0}"#,
            r#"{"i8":0,"i16":0,"i32":2147483648,"u8":0,"u16":0,"u32":0}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":256,"u16":0,"u32":0}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":-1,"u32":0}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0,"u32":4294967296}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0,"u32":0.5}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0,"u32":"0"}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0,"u32":true}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0,"u32":null}"#,
            r#"{"i8":0,"i16":0,"i32":0,"u8":0,"u16":0}"#,
            "[]",
            "null",
            r#""integers""#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct WideIntegers {
    signed: i64,
    unsigned: u64,
    length: usize,
    offset: isize,
}

impl Sample for WideIntegers {
    fn samples() -> Vec<Self> {
        vec![
            Self { signed: i64::MIN, unsigned: u64::MAX, length: usize::MAX, offset: isize::MIN },
            // The first two integers that JavaScript's numbers cannot hold.
            Self { signed: -9_007_199_254_740_993, unsigned: 9_007_199_254_740_993, length: 0, offset: isize::MAX },
            Self { signed: 9_007_199_254_740_991, unsigned: 9_007_199_254_740_991, length: 9, offset: -9 },
            Self { signed: 0, unsigned: 0, length: 0, offset: 0 },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"signed":9223372036854775808,"unsigned":0,"length":0,"offset":0}"#,
            r#"{"signed":-9223372036854775809,"unsigned":0,"length":0,"offset":0}"#,
            r#"{"signed":0,"unsigned":18446744073709551616,"length":0,"offset":0}"#,
            r#"{"signed":0,"unsigned":-1,"length":0,"offset":0}"#,
            r#"{"signed":0,"unsigned":"1","length":0,"offset":0}"#,
            r#"{"signed":0,"unsigned":0,"length":1.5,"offset":0}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct HugeIntegers {
    signed: i128,
    unsigned: u128,
    many: Vec<u128>,
}

impl Sample for HugeIntegers {
    fn samples() -> Vec<Self> {
        vec![
            Self { signed: i128::MIN, unsigned: u128::MAX, many: vec![u128::MAX, 0, u128::from(u64::MAX) + 1] },
            Self { signed: i128::MAX, unsigned: 1 << 64, many: vec![] },
            Self { signed: -1, unsigned: 1, many: vec![1] },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"signed":170141183460469231731687303715884105728,"unsigned":0,"many":[]}"#,
            r#"{"signed":0,"unsigned":340282366920938463463374607431768211456,"many":[]}"#,
            r#"{"signed":0,"unsigned":0,"many":[-1]}"#,
            r#"{"signed":0,"unsigned":0,"many":["1"]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct NonZeros {
    small: NonZeroU8,
    middle: Option<NonZeroU32>,
    wide: NonZeroI64,
}

impl Sample for NonZeros {
    fn samples() -> Vec<Self> {
        vec![
            Self { small: NonZeroU8::MIN, middle: None, wide: NonZeroI64::MIN },
            Self { small: NonZeroU8::MAX, middle: Some(NonZeroU32::MAX), wide: NonZeroI64::MAX },
        ]
    }

    // Excludes 0: schemars describes it like a declared `range`, which serde does not check.
    fn refusals() -> &'static [&'static str] {
        &[r#"{"small":256,"middle":null,"wide":1}"#, r#"{"small":1,"middle":4294967296,"wide":1}"#]
    }
}

/// Serde checks no ranges, so values outside survive, too. A declared `range` makes `small` a `number` in TypeScript.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Ranged {
    #[schemars(range(min = -3, max = 5))]
    between: i8,
    #[schemars(range(min = 10))]
    least: u64,
    #[schemars(range(max = 0.5))]
    share: f64,
    #[schemars(length(min = 1, max = 3))]
    short: String,
    #[schemars(length(max = 2))]
    few: Vec<u8>,
    #[schemars(range(max = 1000))]
    small: u64,
    #[schemars(regex(pattern = "^a"), length(min = 2))]
    pattern: String,
    #[schemars(email)]
    email: String,
    #[schemars(inner(range(min = 2)))]
    inner: Vec<u8>,
}

impl Sample for Ranged {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                between: -3,
                least: 10,
                share: 0.5,
                short: "abc".to_owned(),
                few: vec![1, 2],
                small: 1000,
                pattern: "ab".to_owned(),
                email: "a@b.example".to_owned(),
                inner: vec![2],
            },
            Self {
                between: i8::MIN,
                least: 0,
                share: 1e300,
                short: String::new(),
                few: vec![1, 2, 3],
                small: 1001,
                pattern: "b".to_owned(),
                email: "no address".to_owned(),
                inner: vec![0],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"between":128,"least":10,"share":0.5,"short":"a","few":[],"small":1,"pattern":"","email":"","inner":[]}"#,
            r#"{"between":1,"least":-1,"share":0.5,"short":"a","few":[],"small":1,"pattern":"","email":"","inner":[]}"#,
            r#"{"between":1,"least":1,"share":0.5,"short":"a","few":[],"small":-1,"pattern":"","email":"","inner":[]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Floats {
    single: f32,
    double: f64,
}

impl Sample for Floats {
    fn samples() -> Vec<Self> {
        let values = [
            (0.0, 0.0),
            (-0.0, -0.0),
            (1.0, 1.0),
            (0.1, 0.1),
            (1.0 / 3.0, 2.5e-3),
            (f32::MAX, f64::MAX),
            (f32::MIN, f64::MIN),
            (f32::MIN_POSITIVE, f64::MIN_POSITIVE),
            (1e-45, 5e-324),
            (16_777_216.0, 9_007_199_254_740_992.0),
            (1e20, 1e21),
            (1e-7, 1.5e300),
        ];
        values.into_iter().map(|(single, double)| Self { single, double }).collect()
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"single":"1","double":1}"#,
            r#"{"single":1,"double":null}"#,
            r#"{"single":1,"double":true}"#,
            r#"{"single":1,"double":"NaN"}"#,
            r#"{"single":[1],"double":1}"#,
        ]
    }
}

/// Floats of all magnitudes and with all their digits: a parser that rounds twice changes one in ten.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct RandomFloats {
    doubles: Vec<f64>,
    singles: Vec<f32>,
}

impl Sample for RandomFloats {
    fn samples() -> Vec<Self> {
        // Knuth's generator gives the same numbers in each run.
        let mut state = 1_u64;
        let mut bits = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 32)
        };
        let doubles = (0..1000).map(|_| f64::from_bits(bits())).filter(|double| double.is_finite());
        // JavaScript and Go write the first one in plain digits, as they do up to 1e21.
        let doubles = [1.234_567_890_123_456_8e20, 0.1 + 0.2].into_iter().chain(doubles).collect();
        let singles = (0..1000).map(|_| f32::from_bits((bits() >> 32) as u32)).filter(|single| single.is_finite());
        vec![Self { doubles, singles: singles.collect() }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"doubles":[null],"singles":[]}"#, r#"{"doubles":[],"singles":["0.5"]}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Units {
    nothing: (),
    flag: bool,
    also_nothing: Nothing,
    empty: Empty,
}

/// Null.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Nothing;

/// An object without members.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Empty {}

impl Sample for Units {
    fn samples() -> Vec<Self> {
        [false, true].map(|flag| Self { nothing: (), flag, also_nothing: Nothing, empty: Empty {} }).into()
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"nothing":0,"flag":true,"also_nothing":null,"empty":{}}"#,
            r#"{"nothing":null,"flag":0,"also_nothing":null,"empty":{}}"#,
            r#"{"nothing":null,"flag":"true","also_nothing":null,"empty":{}}"#,
            r#"{"nothing":null,"flag":true,"also_nothing":{},"empty":{}}"#,
            r#"{"nothing":null,"flag":true,"also_nothing":null,"empty":null}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct AnyNumber {
    number: Number,
}

impl Sample for AnyNumber {
    fn samples() -> Vec<Self> {
        let numbers = [Number::from(u64::MAX), Number::from(i64::MIN), Number::from(0)];
        let fraction = Number::from_f64(-1.5e-9).into_iter();
        numbers.into_iter().chain(fraction).map(|number| Self { number }).collect()
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"number":"1"}"#, r#"{"number":null}"#, r#"{"number":true}"#]
    }
}

fn anything() -> Vec<Value> {
    vec![
        json!(null),
        json!(false),
        json!("text"),
        json!([1, [], {}, null, "\u{0}"]),
        json!({ "": { "": {} }, "a": null, "__proto__": 1, "toString": [{}] }),
        json!({ "wide": [u64::MAX, i64::MIN, 9_007_199_254_740_993_u64], "half": 0.5 }),
    ]
}

/// Excludes a whole float such as `1.0`, which differs from `1` in serde but not in JavaScript.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Anything {
    value: Value,
    maybe: Option<Value>,
    values: Vec<Value>,
    object: serde_json::Map<String, Value>,
}

impl Sample for Anything {
    fn samples() -> Vec<Self> {
        let object = json!({ "b": 1, "a": { "c": [null] } });
        let object = object.as_object().cloned().unwrap_or_default();
        let with = |value: Value| Self {
            maybe: Some(value.clone()).filter(|value| !value.is_null()),
            value,
            values: anything(),
            object: object.clone(),
        };
        anything().into_iter().map(with).collect()
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"maybe":null,"values":[],"object":{}}"#,
            r#"{"value":1,"maybe":1,"values":{},"object":{}}"#,
            r#"{"value":1,"maybe":1,"values":[],"object":[]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Durations {
    short: Duration,
    long: Option<Duration>,
}

impl Sample for Durations {
    fn samples() -> Vec<Self> {
        vec![
            Self { short: Duration::from_nanos(1), long: None },
            Self { short: Duration::ZERO, long: Some(Duration::new(u64::MAX, 999_999_999)) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"short":1,"long":null}"#, r#"{"short":{"secs":1},"long":null}"#]
    }
}

impl Sample for u64 {
    fn samples() -> Vec<Self> {
        vec![0, 1, 9_007_199_254_740_993, u64::MAX]
    }

    fn refusals() -> &'static [&'static str] {
        &["-1", "18446744073709551616", "1.5", r#""1""#, "null", "[1]", "true"]
    }
}

impl Sample for f64 {
    fn samples() -> Vec<Self> {
        vec![0.0, -0.5, 1e300]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""1""#, "null", "{}", "false"]
    }
}

impl Sample for bool {
    fn samples() -> Vec<Self> {
        vec![false, true]
    }

    fn refusals() -> &'static [&'static str] {
        &["0", r#""true""#, "null", "[]"]
    }
}

impl Sample for Value {
    fn samples() -> Vec<Self> {
        anything()
    }

    fn refusals() -> &'static [&'static str] {
        &[]
    }
}
