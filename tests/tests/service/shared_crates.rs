//! Features that the crate enables in crates that it shares with an application: cargo unifies features, so they are
//! enabled for the whole program.

use std::collections::{BTreeMap, BTreeSet};

use tests::UserCrate;

/// Dependencies of an application, with as few features as possible.
const APPLICATION: &str = r#"
    clap = { version = "4", default-features = false, features = ["std"] }
    http = { version = "1", default-features = false }
    hyper = { version = "1", default-features = false }
    hyper-util = { version = "0.1", default-features = false }
    jsonwebtoken = { version = "9", default-features = false }
    reqwest = { version = "0.13", default-features = false }
    reqwest-of-old = { package = "reqwest", version = "0.12", default-features = false }
    rustls = { version = "0.23", default-features = false }
    schemars = { version = "1", default-features = false, features = ["std"] }
    serde = { version = "1", default-features = false, features = ["std"] }
    serde_json = { version = "1", default-features = false, features = ["std"] }
    tokio = { version = "1", default-features = false, features = ["rt"] }
    tokio-rustls = { version = "0.26", default-features = false }
    tower = { version = "0.5", default-features = false }
    tracing = { version = "0.1", default-features = false }
    tracing-subscriber = { version = "0.3", default-features = false, features = ["fmt"] }
    url = { version = "2", default-features = false }
    uuid = { version = "1", default-features = false }
"#;

/// Features that only add functions and types, and change no existing behaviour.
const HARMLESS: [(&str, &str); 10] = [
    ("clap", "default derive error-context help suggestions usage"),
    ("rustls", "log logging"),
    ("schemars", "default derive schemars_derive"),
    ("serde_json", "indexmap raw_value"),
    ("tokio", "bytes io-util macros signal signal-hook-registry tokio-macros"),
    // These features have no effect of their own: they enable features of rustls.
    ("tokio-rustls", "logging ring tls12"),
    ("tower", "load-shed"),
    ("tracing", "attributes default tracing-attributes"),
    (
        "tracing-subscriber",
        "default env-filter json matchers once_cell serde serde_json smallvec tracing tracing-serde",
    ),
    ("uuid", "default rng std v4"),
];

/// Features that change the behaviour of a crate, and so are listed in `docs/setup.md`.
const TOLD: [(&str, &str); 7] = [
    ("clap", "color"),
    ("reqwest", "rustls-tls-manual-roots rustls-tls-manual-roots-no-provider __rustls __rustls-ring __tls"),
    ("rustls", "ring tls12"),
    ("schemars", "preserve_order"),
    ("serde_json", "float_roundtrip"),
    ("serde_json", "preserve_order"),
    ("tracing-subscriber", "ansi nu-ansi-term tracing-log"),
];

/// Returns the features that this crate enables if it has the features in `own`.
fn turned_on(name: &str, own: &str) -> BTreeMap<String, BTreeSet<String>> {
    let main = "fn main() {}";
    let without = UserCrate::new("shares-crates", APPLICATION, main).features();
    let this = format!("centrifugo-rpc = {{ path = \"{{workspace}}/centrifugo-rpc\", {own} }}\n");
    let with = UserCrate::new(name, &format!("{this}{APPLICATION}"), main).features();
    let new = |name: &String| with[name].difference(&without[name]).cloned().collect();
    // Only direct dependencies of the application matter.
    let named = APPLICATION.lines().filter_map(|line| {
        let (name, after) = line.trim().split_once(" = ")?;
        let text = |member: &str| Some(after.split_once(&format!("{member} = \""))?.1.split_once('"')?.0);
        Some(format!("{} {}", text("package").unwrap_or(name), text("version")?))
    });
    named.map(|name| (name.clone(), new(&name))).collect()
}

fn of<'a>(list: &'a [(&str, &str)], name: &str) -> BTreeSet<&'a str> {
    list.iter().filter(|(of, _)| *of == name).flat_map(|(_, features)| features.split_whitespace()).collect()
}

#[test]
fn what_is_turned_on_for_the_whole_program_is_harmless_or_told() {
    let guide = include_str!("../../../docs/setup.md");
    for (name, features) in turned_on("shares-crates-with-default", "") {
        let name = name.split(' ').next().unwrap_or_default();
        for feature in features {
            let told = of(&TOLD, name).contains(&*feature);
            assert!(
                told || of(&HARMLESS, name).contains(&*feature),
                "`{name}/{feature}` is turned on: what does it change?"
            );
        }
    }
    for (name, features) in TOLD {
        // The first feature of a group stands for the group.
        let feature = features.split_whitespace().next().unwrap_or_default();
        assert!(guide.contains(&format!("`{name}/{feature}`")), "{name}/{feature} in docs/setup.md");
    }
}

#[test]
fn a_worker_in_production_leaves_the_order_of_json_and_the_applications_http_client_alone() {
    let on = turned_on("shares-crates-with-cli", "default-features = false, features = [\"cli\", \"client\"]");
    assert_eq!(on["reqwest 0.13"], BTreeSet::new(), "`reqwest::Client::new()` panics with `rustls-no-provider`");
    for name in ["serde_json 1", "schemars 1"] {
        assert!(!on[name].contains("preserve_order"), "{name}: {:?}", on[name]);
    }
}
