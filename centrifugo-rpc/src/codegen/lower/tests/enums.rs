//! Tests of enums, and of maps whose keys are the values of an enum.

use super::*;

#[test]
fn enums_of_integers_have_the_names_that_the_schema_gives_them() {
    let integers = |schema: Schema| {
        let mut contract = contract_of::<(), Point>();
        contract.results.insert("Level".to_owned(), schema.into());
        match lower(&contract).expect("no problem").get("Level").expect("Level").shape.clone() {
            Shape::Integers(values) => values.into_iter().map(|value| (value.name, value.value)).collect::<Vec<_>>(),
            shape => panic!("{shape:?}"),
        }
    };
    let expected = |names: [&str; 2]| names.map(ToOwned::to_owned).into_iter().zip([-1, 2]).collect::<Vec<_>>();
    assert_eq!(integers(json_schema!({ "type": "integer", "enum": [-1, 2] })), expected(["minus_1", "value_2"]));
    let named = json_schema!({ "type": "integer", "enum": [-1, 2], "x-enum-varnames": ["Low", "High"] });
    assert_eq!(integers(named), expected(["Low", "High"]));
}

#[test]
fn maps_with_the_values_of_an_enum_for_keys() {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
    enum Side {
        Left,
        Right,
    }
    #[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
    enum Unseen {
        Up,
        Down,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Maps {
        side: Side,
        by_side: BTreeMap<Side, u8>,
        maybe: Option<BTreeMap<Side, Option<Point>>>,
        unseen: Vec<BTreeMap<Unseen, u8>>,
        again: BTreeMap<Unseen, u8>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Patch {
        left: Option<u8>,
        right: Option<u8>,
    }
    let by = |key: &str, value| Type::Map(Key::Enum(Box::new(named(key))), Box::new(value));
    let types: Vec<_> = fields(shape::<Maps>("Maps")).fields.into_iter().map(|field| field.ty).collect();
    let nullable = |ty| Type::Nullable(Box::new(ty));
    assert_eq!(
        types[1..],
        [
            by("Side", whole(Width::U8)),
            nullable(by("Side", nullable(named("Point")))),
            Type::Array { items: Box::new(by("MapsUnseenItemKey", whole(Width::U8))), unique: false },
            by("MapsUnseenItemKey", whole(Width::U8)),
        ]
    );
    let patch = api::<Patch, ()>().get("Patch").expect("Patch").shape.clone();
    assert_eq!(fields(patch).fields.len(), 2, "a struct of optional fields stays one");
}

#[test]
fn externally_tagged_enums() {
    let union = union(shape::<External>("External"));
    assert_eq!(union.tagging, Tagging::External);
    let list = Type::Array { items: Box::new(whole(Width::I32)), unique: false };
    let content = Struct { fields: vec![field("a", whole(Width::U8))], ..Struct::default() };
    assert_eq!(
        bodies(&union),
        [
            ("Unit", &Body::Unit),
            ("Newtype", &Body::Newtype(named("Point"))),
            ("Tuple", &Body::Newtype(Type::Tuple(vec![whole(Width::I32), Type::String]))),
            ("Struct", &Body::Struct(content)),
            ("List", &Body::Newtype(list)),
        ]
    );
    assert_eq!(union.variants[1].type_name, "ExternalNewtype");
}

#[test]
fn internally_tagged_enums() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Internal {
        Unit,
        /// Where
        Newtype(Point),
        Struct {
            a: u8,
        },
        Map(BTreeMap<String, u8>),
        Enum(Members),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Members {
        Newtype(Point),
        Struct { a: u8 },
    }
    let union = union(shape::<Internal>("Internal"));
    assert_eq!(union.tagging, Tagging::Internal { tag: "t".to_owned() });
    assert_eq!(union.variants[1].description, "Where");
    let content = Struct { fields: vec![field("a", whole(Width::U8))], ..Struct::default() };
    let rest = Struct { rest: Rest::Map(Key::String, Box::new(whole(Width::U8))), ..Struct::default() };
    let bodies = bodies(&union);
    assert_eq!(
        bodies[..4],
        [
            ("Unit", &Body::Unit),
            ("Newtype", &Body::Newtype(named("Point"))),
            ("Struct", &Body::Struct(content)),
            ("Map", &Body::Struct(rest)),
        ]
    );
    let Body::Struct(Struct { flattened, .. }) = bodies[4].1 else { panic!("{bodies:#?}") };
    assert_eq!(flattened[0].name, "InternalEnumVariant");
}

/// Each verdict is compared with the output or the error of serde.
#[test]
fn a_tag_stands_beside_members_alone() {
    #[derive(Serialize, JsonSchema)]
    struct Id(u32);
    #[derive(Serialize, JsonSchema)]
    enum Side {
        Left,
    }
    #[derive(Serialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Tagged {
        Unit(()),
        Struct(Point),
        Map(BTreeMap<String, u8>),
        List(Vec<u8>),
        Maybe(Option<Point>),
        Number(u8),
        Pair((u8, u8)),
        Id(Id),
        Side(Side),
        External(External),
    }
    let written = |value: Tagged| serde_json::to_string(&value).map_err(|error| error.to_string());
    for fine in [Tagged::Unit(()), Tagged::Struct(Point { x: 1 }), Tagged::Map([("a".to_owned(), 1)].into())] {
        written(fine).expect("serde writes it");
    }
    let refused = [
        Tagged::List(vec![]),
        Tagged::Maybe(Some(Point { x: 1 })),
        Tagged::Number(1),
        Tagged::Pair((1, 1)),
        Tagged::Id(Id(1)),
    ];
    for value in refused {
        let error = written(value).expect_err("serde does not write it");
        assert!(error.contains("cannot serialize tagged newtype variant"), "{error}");
    }
    assert_eq!(written(Tagged::Side(Side::Left)).as_deref(), Ok(r#"{"t":"Side","Left":null}"#));
    assert_eq!(written(Tagged::External(External::Unit)).as_deref(), Ok(r#"{"t":"External","Unit":null}"#));

    let problems = lower(&contract_of::<(), Tagged>()).expect_err("problems");
    let places = |what: &str| {
        let of_type = problems.iter().filter(|problem| problem.contains(what));
        let index = of_type.map(|problem| {
            let (_, rest) = problem.split_once("/results/Tagged/oneOf/").expect("a place");
            rest.split_once(':').expect("a place").0.to_owned()
        });
        let mut index: Vec<_> = index.collect();
        index.sort();
        index
    };
    assert_eq!(places("holds something without members"), ["3", "4", "5", "6", "7"], "{problems:#?}");
    assert_eq!(places("holds an enum with unit variants"), ["8", "9"], "{problems:#?}");
}

/// The probe finds such variants in params. In results they look like unit variants; serde's error names them.
#[test]
fn of_text_and_booleans_behind_a_tag_the_schema_tells_nothing() {
    #[derive(Serialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Event {
        Unit,
        Text(String),
        Flag(bool),
    }
    let union = union(shape::<Event>("Event"));
    assert_eq!(bodies(&union), [("Unit", &Body::Unit), ("Text", &Body::Unit), ("Flag", &Body::Unit)]);
    serde_json::to_string(&Event::Unit).expect("serde writes it");
    for (event, named) in [(Event::Text(String::new()), "Event::Text"), (Event::Flag(true), "Event::Flag")] {
        let error = serde_json::to_string(&event).expect_err("serde does not write it").to_string();
        assert!(error.contains(&format!("cannot serialize tagged newtype variant {named} containing")), "{error}");
    }
}

#[test]
fn adjacently_tagged_enums_are_objects_with_one_more_field() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        Unit,
        Newtype(Point),
        Tuple(u8, u8),
    }
    let union = union(shape::<Adjacent>("Adjacent"));
    assert_eq!(union.tagging, Tagging::Internal { tag: "t".to_owned() });
    let content = |ty| Body::Struct(Struct { fields: vec![field("c", ty)], ..Struct::default() });
    assert_eq!(
        bodies(&union),
        [
            ("Unit", &Body::Unit),
            ("Newtype", &content(named("Point"))),
            ("Tuple", &content(Type::Tuple(vec![whole(Width::U8), whole(Width::U8)]))),
        ]
    );
}

#[test]
fn untagged_enums_keep_their_order_and_their_names() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Untagged {
        Nothing,
        Number(u64),
        Struct { x: i32 },
        Text(String),
        Itself(Box<Untagged>),
    }
    let union = union(shape::<Untagged>("Untagged"));
    assert_eq!(union.tagging, Tagging::Untagged);
    let content = Struct { fields: vec![field("x", whole(Width::I32))], ..Struct::default() };
    assert_eq!(
        bodies(&union),
        [
            ("Nothing", &Body::Newtype(Type::Null)),
            ("Number", &Body::Newtype(whole(Width::U64))),
            ("Struct", &Body::Struct(content)),
            ("Text", &Body::Newtype(Type::String)),
            ("Itself", &Body::Newtype(named("Untagged"))),
        ]
    );
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Maybe {
        Nothing,
        Number(u64),
    }
    assert_eq!(bodies(&self::union(shape::<Maybe>("Maybe"))).len(), 2, "a unit variant is not an `Option`");
}

#[test]
fn enums_with_some_untagged_variants() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum Partly {
        Unit,
        Newtype(Point),
        #[serde(untagged)]
        Other(String),
    }
    let api = api::<(), Partly>();
    let outer = union(api.get("Partly").expect("Partly").shape.clone());
    assert_eq!(
        bodies(&outer),
        [("Tagged", &Body::Newtype(named("PartlyTagged"))), ("Other", &Body::Newtype(Type::String))]
    );
    let tagged = union(api.get("PartlyTagged").expect("PartlyTagged").shape.clone());
    assert_eq!(tagged.tagging, Tagging::External);
    assert_eq!(bodies(&tagged), [("Unit", &Body::Unit), ("Newtype", &Body::Newtype(named("Point")))]);
    // No names clash: the variants of the inner union are named after that union.
    assert_eq!(tagged.variants[0].type_name, "PartlyTaggedUnit");
}
