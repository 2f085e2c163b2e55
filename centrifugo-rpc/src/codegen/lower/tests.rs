//! Schemas as schemars writes them, and the model that they are lowered to.

// Types are defined beside the assertions about them.
#![allow(clippy::items_after_statements)]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Api, Shape, Type, lower, referred};
use crate::codegen::ir::{Body, Field, Integer, Key, Rest, Struct, Tagging, Union, Width};
use crate::codegen::sample::{self, PLAIN, contract, contract_of, method};
use crate::registry::{Method, Type as Registered};

mod enums;

fn api<P: JsonSchema + 'static, R: JsonSchema + 'static>() -> Api {
    lower(&contract_of::<P, R>()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The model of a result type.
fn shape<R: JsonSchema + 'static>(name: &str) -> Shape {
    let api = api::<(), R>();
    api.get(name).unwrap_or_else(|| panic!("no {name} in {api:#?}")).shape.clone()
}

fn fields(shape: Shape) -> Struct {
    if let Shape::Struct(fields) = shape { fields } else { panic!("no struct: {shape:#?}") }
}

fn union(shape: Shape) -> Union {
    if let Shape::Union(union) = shape { union } else { panic!("no union: {shape:#?}") }
}

fn field(name: &str, kind: Type) -> Field {
    Field {
        name: name.to_owned(),
        description: String::new(),
        deprecated: false,
        required: true,
        default: serde_json::Value::Null,
        kind,
    }
}

const fn whole(width: Width) -> Type {
    Type::Integer(Integer { width, min: None, max: None })
}

fn named(name: &str) -> Type {
    Type::Named(name.to_owned())
}

fn bodies(union: &Union) -> Vec<(&str, &Body)> {
    union.variants.iter().map(|variant| (&*variant.name, &variant.body)).collect()
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    Newtype(Point),
    Tuple(i32, String),
    Struct { a: u8 },
    List(Vec<i32>),
}

#[test]
fn scalars() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Scalars {
        none: (),
        wide: u128,
        nonzero: std::num::NonZeroU32,
        #[schemars(range(min = -3, max = 5))]
        ranged: i8,
        single: f32,
        letter: char,
        anything: serde_json::Value,
        any_number: serde_json::Number,
        maybe_anything: Option<serde_json::Value>,
        path: std::path::PathBuf,
    }
    let kinds: Vec<_> = fields(shape::<Scalars>("Scalars")).fields.into_iter().map(|field| field.kind).collect();
    let bounded = |width, min, max| Type::Integer(Integer { width, min, max });
    assert_eq!(
        kinds,
        [
            Type::Null,
            whole(Width::U128),
            bounded(Width::U32, Some(1), None),
            bounded(Width::I8, Some(-3), Some(5)),
            Type::F32,
            Type::Char,
            Type::Any,
            Type::Number,
            Type::Any,
            Type::String,
        ]
    );
}

#[test]
fn formats_and_patterns_of_strings() {
    let schemas = [
        (json_schema!({ "type": "string", "format": "date-time" }), Type::DateTime),
        (json_schema!({ "type": "string", "format": "uuid" }), Type::Uuid),
        (json_schema!({ "type": "string", "format": "uri" }), Type::String),
        (json_schema!({ "type": "string", "pattern": r"^-?\d+(\.\d+)?$" }), Type::Decimal),
        (json_schema!({ "type": ["string", "number"], "pattern": r"^-?\d+(\.\d+)?([eE]\d+)?$" }), Type::Decimal),
        (json_schema!({ "type": "string", "pattern": "^a" }), Type::String),
    ];
    for (schema, kind) in schemas {
        assert_eq!(lowered(&schema), Ok(kind), "{schema:?}");
    }
}

#[test]
fn lists_tuples_and_maps() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Lists {
        bytes: Vec<u8>,
        set: std::collections::BTreeSet<char>,
        three: [Point; 3],
        none: [u8; 0],
        pair: (i32, Option<Point>),
        by_name: BTreeMap<String, Vec<Point>>,
        by_number: BTreeMap<i64, bool>,
        by_count: BTreeMap<u8, bool>,
        by_flag: BTreeMap<bool, bool>,
    }
    let boxed = |kind| Box::new(kind);
    let kinds: Vec<_> = fields(shape::<Lists>("Lists")).fields.into_iter().map(|field| field.kind).collect();
    assert_eq!(
        kinds,
        [
            Type::Array { items: boxed(whole(Width::U8)), unique: false },
            Type::Array { items: boxed(Type::Char), unique: true },
            Type::FixedArray { items: boxed(named("Point")), len: 3 },
            Type::Tuple(Vec::new()),
            Type::Tuple(vec![whole(Width::I32), Type::Nullable(boxed(named("Point")))]),
            Type::Map(Key::String, boxed(Type::Array { items: boxed(named("Point")), unique: false })),
            Type::Map(Key::Signed, boxed(Type::Bool)),
            Type::Map(Key::Unsigned, boxed(Type::Bool)),
            Type::Map(Key::String, boxed(Type::Bool)),
        ]
    );
}

#[test]
fn what_serde_does_not_check_is_documented() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Declared {
        /// How many
        #[schemars(range(min = 1, max = 9))]
        count: u8,
        #[schemars(range(min = 0.5))]
        share: f64,
        #[schemars(length(max = 1), regex(pattern = "^a"))]
        text: Option<String>,
        #[schemars(email)]
        address: String,
        #[schemars(length(min = 2), inner(length(equal = 3)))]
        codes: Vec<String>,
        plain: (u8, u32, i64, Vec<u8>, [u8; 3], Option<std::num::NonZeroI8>),
        nonzero: std::num::NonZeroU8,
        letter: char,
        id: std::collections::BTreeSet<u64>,
    }
    let fields = fields(shape::<Declared>("Declared")).fields;
    let said: Vec<_> = fields.iter().map(|field| &*field.description).collect();
    assert_eq!(
        said,
        [
            "How many\n\nFrom 1 to 9.",
            "At least 0.5.",
            "At most 1 character. Matches `^a`.",
            "Format: `email`.",
            "At least 2 items. Each item: exactly 3 characters.",
            "",
            "At least 1.",
            "",
            "",
        ]
    );
}

#[test]
fn flattened_members() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        point: Point,
        #[serde(flatten)]
        external: External2,
        #[serde(flatten)]
        more: Option<More>,
        #[serde(flatten)]
        rest: BTreeMap<String, bool>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum External2 {
        Unit,
        Newtype(Point),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "more")]
    enum More {
        Nothing,
        Size { size: u8 },
    }
    let api = api::<(), Flat>();
    let flat = fields(api.get("Flat").expect("Flat").shape.clone());
    assert_eq!(flat.fields, [field("id", whole(Width::U8)), field("x", whole(Width::I32))]);
    assert_eq!(flat.rest, Rest::Map(Key::String, Box::new(Type::Bool)));
    let optional: Vec<_> = flat.flattened.iter().map(|union| union.optional).collect();
    assert_eq!(optional, [false, true]);
    let unions: Vec<_> =
        flat.flattened.iter().map(|flat| union(api.get(&flat.name).expect("a union").shape.clone())).collect();
    assert_eq!(
        bodies(&unions[0]).iter().find(|(name, _)| *name == "Unit"),
        Some(&("Unit", &Body::Newtype(Type::Null))),
        "a unit variant is a member with null"
    );
    assert_eq!(unions[1].tagging, Tagging::Internal { tag: "more".to_owned() });
}

#[test]
fn unknown_fields() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: u8,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Empty {}
    assert_eq!(fields(shape::<Strict>("Strict")).rest, Rest::Denied);
    assert_eq!(fields(shape::<Empty>("Empty")), Struct::default());
}

#[test]
fn aliases_and_types_without_a_name() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Id(u32);
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(inline)]
    struct Inline {
        deep: BTreeMap<String, InlineEnum>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(inline)]
    enum InlineEnum {
        A,
        B,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        id: Id,
        inline: Option<Inline>,
        inlines: Vec<Inline>,
    }
    let api = api::<(), Outer>();
    let names: Vec<_> = api.types.iter().map(|def| &*def.name).collect();
    assert_eq!(
        names,
        ["Id", "Outer", "OuterInline", "OuterInlineDeepValue", "OuterInlinesItem", "OuterInlinesItemDeepValue"]
    );
    assert_eq!(api.get("Id").expect("Id").shape, Shape::Alias(whole(Width::U32)));
}

#[test]
fn types_that_look_different_from_both_sides_are_two() {
    let api = sample::api();
    let same: Vec<_> = api.types.iter().filter_map(|def| Some((&*def.name, def.same_as.as_deref()?))).collect();
    assert_eq!(same, [("EventInput", "Event"), ("TaskInput", "Task")]);
    let unified = api.unified();
    assert_eq!(unified.get("TaskInput").expect("TaskInput").shape, Shape::Alias(named("Task")));
    let task = fields(unified.get("Task").expect("Task").shape.clone());
    let due = task.fields.iter().find(|field| field.name == "due").expect("due");
    assert!(!due.required);
    assert!(task.fields.iter().any(|field| field.kind == named("Event")), "its own kind of event");
    assert_eq!(unified.methods[2].params, Some(named("Task")));

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Settings {
        #[serde(default)]
        size: u8,
    }
    let api = self::api::<Vec<Settings>, Settings>();
    let input = api.get("SettingsInput").expect("another type for params");
    assert_eq!(input.same_as, None, "a result always has the size");
    let list = Type::Array { items: Box::new(named("SettingsInput")), unique: false };
    assert_eq!(api.methods[0].params, Some(list));
}

#[test]
fn a_number_is_read_and_a_string_written_and_both_are_one_decimal() {
    struct Money;
    impl JsonSchema for Money {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Money".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            if generator.contract().is_serialize() {
                json_schema!({ "type": "string", "pattern": r"^-?\d+(\.\d+)?$" })
            } else {
                json_schema!({ "type": ["string", "number"], "pattern": r"^-?\d+(\.\d+)?([eE]\d+)?$" })
            }
        }
    }
    let api = api::<Money, Money>();
    assert_eq!(api.types.len(), 1);
    assert_eq!(api.types[0].shape, Shape::Alias(Type::Decimal));
}

/// Lowers a hand-written schema.
fn lowered(schema: &Schema) -> Result<Type, Vec<String>> {
    let mut contract = contract_of::<(), ()>();
    contract.methods[0].result = schema.clone().into();
    lower(&contract).map(|api| api.methods[0].result.clone())
}

#[test]
fn what_has_no_counterpart_is_named_with_its_place() {
    for (schema, expected) in [
        (
            json_schema!({ "type": "number", "enum": [1.5, 2] }),
            "/methods/tasks.do/result: `enum` and `const` of anything but",
        ),
        (
            json_schema!({ "type": "integer", "enum": [9_007_199_254_740_992_u64] }),
            "/methods/tasks.do/result: the enum's value 9007199254740992 is beyond 2^53 - 1",
        ),
        (
            json_schema!({ "type": "integer", "enum": [1, 2], "x-enum-varnames": ["One"] }),
            "`x-enum-varnames` must have a string for each of the 2 values",
        ),
        (
            json_schema!({ "type": ["integer", "string"] }),
            "/methods/tasks.do/result: the types `integer`, `string` at once",
        ),
        (json_schema!({ "type": "array", "items": { "if": {} } }), "/methods/tasks.do/result/items: the keyword `if`"),
        (
            json_schema!({ "type": "object", "properties": { "a/b": { "patternProperties": { "^x": true }, "type": "object" } } }),
            "/methods/tasks.do/result/properties/a~1b: keys of a map",
        ),
        (json_schema!({ "$ref": "#/params/Task" }), "is not a type of the contract's `results`"),
        (json_schema!({ "type": "integer", "format": "uint7" }), "the format `uint7`"),
    ] {
        let problems = lowered(&schema).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].contains(expected), "{} does not say {expected}", problems[0]);
        assert!(problems[0].starts_with("method `tasks.do`: "), "{}", problems[0]);
    }
}

#[test]
fn all_problems_come_at_once_with_the_methods_that_meet_them() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Odd {
        #[schemars(extend("if" = {}))]
        first: u8,
        #[schemars(schema_with = "one_or_two")]
        second: u8,
    }
    fn one_or_two(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [1, "two"] })
    }
    static A: Method = Method { params: || Some(Registered::of::<Odd>()), ..method("a", "", PLAIN) };
    static B: Method = Method { params: || Some(Registered::of::<Vec<Odd>>()), ..method("b", "", PLAIN) };
    let problems = lower(&contract(&[&A, &B])).expect_err("problems");
    assert_eq!(
        problems,
        [
            "method `a`, `b`: /params/Odd/properties/first: the keyword `if` has no counterpart in clients",
            "method `a`, `b`: /params/Odd/properties/second: `enum` and `const` of anything but strings or integers have no \
             counterpart in clients",
        ]
    );
}

#[test]
fn names_that_clients_cannot_tell_apart_are_errors() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct UserId(u8);
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct UserID(u8);
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "UserIdInput")]
    struct Other {
        a: Option<u8>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Both")]
    struct Both {
        a: Option<u8>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct BothInput(u8);
    static ONE: Method = Method { result: Registered::of::<(UserId, UserID)>, ..method("a.b_c", "", PLAIN) };
    static TWO: Method = Method {
        params: || Some(Registered::of::<(Both, BothInput)>()),
        result: Registered::of::<(Both, Other)>,
        ..method("a_b.c", "", PLAIN)
    };
    let problems = lower(&contract(&[&ONE, &TWO])).expect_err("problems").join("\n");
    for expected in [
        "the methods `a.b_c` and `a_b.c` would get one name in clients: rename one of them",
        "the types `UserID` and `UserId` would get one name in clients",
        "the type `Both` looks different in params and in results, so params get `BothInput`, but there is a type `BothInput`",
    ] {
        assert!(problems.contains(expected), "{problems}\ndo not say: {expected}");
    }
}

#[test]
fn names_may_hold_what_references_write_otherwise() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "a/b~c \"ü\"%<1>")]
    struct Odd {
        x: i32,
    }
    let odd = "a/b~c \"ü\"%<1>";
    let api = api::<Odd, Odd>();
    assert_eq!((api.methods[0].params.as_ref(), &api.methods[0].result), (Some(&named(odd)), &named(odd)));
    assert!(api.get(odd).is_some(), "{api:#?}");
    assert_eq!(referred("#/params/%C3%A4%2F~1"), Some(("params", "ä//".to_owned())));
    for broken in ["", "#/params", "#/params/%", "#/params/%4", "#/params/%zz", "#/params/%FF", "params/x"] {
        assert_eq!(referred(broken), None, "{broken}");
    }
}
