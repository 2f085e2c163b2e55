//! Compares the verdicts with serde: serde does not read what is refused here, and reads everything else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::problems;
use crate::codegen::lower;
use crate::codegen::sample::contract_of;
use crate::service::params::params_type;

/// The problems with the params of a type, each cut off after its place and subject.
fn places<P: JsonSchema + DeserializeOwned + 'static>() -> Vec<String> {
    let api = lower(&contract_of::<P, ()>()).expect("no problem");
    let params = api.methods[0].params.as_ref().expect("params");
    let read = params_type::<P>().read.expect("a type of params");
    let place = |problem: String| {
        let ends = [
            " inside of an",
            " says that",
            " of an internally",
            " that have no form",
            " have this name",
            " is the tag",
        ];
        let (place, what) = ends.iter().find_map(|end| problem.split_once(end)).expect("a problem");
        assert!(!what.is_empty());
        place.strip_prefix("method `tasks.do`: params").expect("a place").to_owned()
    };
    problems(&api, "tasks.do", params, read).into_iter().map(place).collect()
}

fn survives<T: Serialize + DeserializeOwned>(value: &T) -> bool {
    let text = serde_json::to_string(value).expect("serde writes it");
    serde_json::from_str::<T>(&text).is_ok()
}

type Counts = BTreeMap<u32, u8>;

/// Serde can read this struct from a buffer as long as its maps are empty.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    name: String,
    counts: Counts,
    flags: BTreeMap<bool, u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Wide {
    wide: u128,
}

fn counted() -> Inner {
    Inner { name: String::new(), counts: [(1, 1)].into(), flags: BTreeMap::new() }
}

fn flagged() -> Inner {
    Inner { name: String::new(), counts: BTreeMap::new(), flags: [(true, 1)].into() }
}

#[test]
fn what_is_read_at_once_is_fine() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Plain {
        inner: Inner,
        wide: Wide,
        many: Vec<Option<(Inner, [Inner; 2])>>,
        external: External,
        adjacent: BTreeMap<String, Adjacent>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    enum External {
        Inner(Inner),
        Wide { wide: u128, counts: Counts },
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        Inner(Inner),
        Wide { wide: i128, counts: Counts },
    }
    assert!(survives(&counted()) && survives(&flagged()) && survives(&Wide { wide: u128::MAX }));
    assert!(survives(&Adjacent::Inner(counted())) && survives(&Adjacent::Wide { wide: -1, counts: [(1, 1)].into() }));
    assert_eq!(places::<Plain>(), [""; 0]);
    assert_eq!(places::<Vec<Counts>>(), [""; 0]);
}

#[test]
fn behind_an_internal_tag() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Event {
        Unit,
        Inner(Inner),
        Counts(Counts),
        Wide { before: std::net::IpAddr, wide: Option<i128>, deep: Vec<BTreeMap<String, Counts>> },
        AlsoWide(Wide),
    }
    assert!(survives(&Event::Unit) && !survives(&Event::Inner(flagged())) && !survives(&Event::Inner(counted())));
    assert!(!survives(&Event::AlsoWide(Wide { wide: 1 })));
    assert!(!survives(&Event::Counts([(1, 1)].into())));
    assert_eq!(
        places::<Option<Event>>(),
        [
            ".AlsoWide.wide: an integer of 128 bits",
            ".Counts: a map with integers for keys",
            ".Inner.counts: a map with integers for keys",
            ".Inner.flags: a map with booleans for keys",
            ".Wide.deep[]{}: a map with integers for keys",
            ".Wide.wide: an integer of 128 bits",
        ]
    );
}

#[test]
fn in_an_untagged_enum() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Either {
        Inner(Inner),
        Wide(u128),
        Counts { by: Counts },
        Struct(Wide),
    }
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "it is read, and nothing else")]
    struct List {
        list: Vec<Either>,
    }
    assert!(!survives(&Either::Inner(counted())) && !survives(&Either::Wide(1)));
    assert!(!survives(&Either::Counts { by: [(1, 1)].into() }) && !survives(&Either::Struct(Wide { wide: 1 })));
    let expected = [
        ".list[].Counts.by: a map with integers for keys",
        ".list[].Inner.counts: a map with integers for keys",
        ".list[].Struct.wide: an integer of 128 bits",
        ".list[].Wide: an integer of 128 bits",
    ];
    assert_eq!(places::<List>(), expected);
}

#[test]
fn beside_a_variant_that_reads_everything_else() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(untagged)]
    enum Amount {
        Units(i128),
        Text(String),
    }
    assert!(!survives(&Amount::Units(1)) && survives(&Amount::Text(String::new())));
    assert_eq!(places::<Amount>(), [".Units: an integer of 128 bits"]);
}

#[test]
fn among_other_members() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        id: u8,
        #[serde(flatten)]
        inner: Inner,
        own: Counts,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Both {
        own: u128,
        #[serde(flatten)]
        wide: Wide,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Rest {
        id: u8,
        #[serde(flatten)]
        rest: Counts,
    }
    assert!(!survives(&Outer { id: 0, inner: counted(), own: BTreeMap::new() }));
    assert!(!survives(&Both { own: 1, wide: Wide { wide: 1 } }));
    assert!(!survives(&Rest { id: 0, rest: [(1, 1)].into() }));
    // Its own fields are read directly, without a buffer.
    assert_eq!(
        places::<Vec<Outer>>(),
        ["[].counts: a map with integers for keys", "[].flags: a map with booleans for keys",]
    );
    assert_eq!(places::<Both>(), [".wide: an integer of 128 bits"]);
    assert_eq!(places::<Rest>(), [": a map with integers for keys"]);
}

#[test]
fn text_behind_a_tag() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Event {
        Unit,
        Nothing(()),
        Empty {},
        Text(String),
        Flag(bool),
        Maybe(Option<String>),
    }
    assert!(survives(&Event::Unit) && survives(&Event::Nothing(())) && survives(&Event::Empty {}));
    for event in [Event::Text(String::new()), Event::Flag(true), Event::Maybe(Some(String::new()))] {
        serde_json::to_string(&event).expect_err("serde does not write it");
    }
    assert_eq!(places::<Event>(), [".Flag: a variant", ".Maybe: a variant", ".Text: a variant"]);
}

#[test]
fn raw_json_behind_a_tag() {
    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "t")]
    #[expect(dead_code, reason = "it is read, and nothing else")]
    enum Event {
        Raw {
            #[schemars(with = "serde_json::Value")]
            raw: Box<serde_json::value::RawValue>,
        },
        Value {
            value: serde_json::Value,
        },
    }
    assert_eq!(places::<Event>(), [".Raw.raw: raw JSON, here or in a field beside it,"]);
}

#[test]
fn fields_that_only_the_schema_leaves_out() {
    fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Option::deserialize(deserializer)
    }
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "it is read, and nothing else")]
    struct Params {
        list: Vec<Item>,
    }
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "it is read, and nothing else")]
    struct Item {
        required: std::net::IpAddr,
        optional: Option<String>,
        #[serde(deserialize_with = "text")]
        forgotten: Option<String>,
        #[serde(default, deserialize_with = "text")]
        remembered: Option<String>,
    }
    assert_eq!(places::<Params>(), [".list[].forgotten: its schema"]);
}

#[test]
fn names_that_are_taken() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Zone {
        z: u32,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Address {
        z: u32,
        #[serde(flatten)]
        zone: Zone,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "z")]
    enum Place {
        Zone(Zone),
        Nowhere,
    }
    let zone = || Zone { z: 1 };
    assert!(!survives(&Address { z: 1, zone: zone() }) && !survives(&Place::Zone(zone())));
    assert!(survives(&zone()) && survives(&Place::Nowhere));
    assert_eq!(places::<Vec<Address>>(), ["[].z: two fields"]);
    assert_eq!(places::<(Place, Zone)>(), ["[0].Zone.z: it"]);
}

#[test]
fn keys_that_are_not_text() {
    type Pairs = BTreeMap<(u8, u8), u8>;
    assert!(serde_json::to_string(&Pairs::from([((1, 2), 3)])).is_err());
    assert!(serde_json::from_str::<Pairs>(r#"{"[1,2]":3}"#).is_err());
    assert_eq!(places::<Vec<Pairs>>(), ["[]: a map has keys"]);
    assert_eq!(places::<BTreeMap<char, u8>>(), [""; 0]);
}

#[test]
fn behind_more_paths_than_are_tried() {
    macro_rules! twice {
        ($($outer:ident $inner:ident),*) => {$(
            #[derive(Serialize, Deserialize, JsonSchema)]
            struct $outer {
                left: Box<$inner>,
                right: Box<$inner>,
            }
        )*};
    }
    twice!(A B, B C, C D, D E, E F, F G, G H, H I, I J, J K, K L, L M, M N, N O, O P);
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct P {
        n: u8,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "t")]
    enum Last {
        By { by: Counts },
    }
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "it is read, and nothing else")]
    struct All {
        first: A,
        last: Last,
    }
    assert_eq!(places::<All>(), [".last.By.by: a map with integers for keys"]);
}

#[test]
fn types_that_contain_themselves_come_to_an_end() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "op")]
    enum Tree {
        Leaf { by: Counts },
        Not { of: Box<Tree> },
        All { of: Vec<Tree>, named: BTreeMap<String, Tree> },
    }
    assert_eq!(places::<Tree>(), [".Leaf.by: a map with integers for keys"]);
}
