//! Tests of scalars, lists and maps, and of the constraints on them.

use super::*;

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
    let types: Vec<_> = fields(shape::<Scalars>("Scalars")).fields.into_iter().map(|field| field.ty).collect();
    let bounded = |width, min, max| Type::Integer(Integer { width, min, max });
    assert_eq!(
        types,
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
    for (schema, ty) in schemas {
        assert_eq!(lowered(&schema), Ok(ty), "{schema:?}");
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
    let boxed = |ty| Box::new(ty);
    let types: Vec<_> = fields(shape::<Lists>("Lists")).fields.into_iter().map(|field| field.ty).collect();
    assert_eq!(
        types,
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
