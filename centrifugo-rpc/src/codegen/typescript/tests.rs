use super::*;
use crate::codegen::ir::{Body, Shape, Tagging, Type, TypeDef, Union, Variant};
use crate::codegen::sample;

fn generated() -> Vec<File> {
    generate(&sample::api(), &Package { name: "task-client".to_owned() }, Int64::Bigint)
}

fn file(path: &str) -> String {
    let found = generated().into_iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("no file {path}")).contents
}

/// The sample is small so that a person can review the output. The `tests` member checks its meaning with compilers and
/// serde.
#[test]
fn the_generated_modules_are_these() {
    for name in ["types.d.ts", "api.d.ts", "types.js", "codecs.js", "api.js"] {
        let golden = format!("{}/src/codegen/typescript/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = file(&if name.ends_with(".d.ts") { format!("cjs/{name}") } else { name.to_owned() });
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &text).expect("the golden file can be written");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(text, expected, "{name} has changed; accept it with BLESS=1");
    }
}

/// With every key repeated in every variant, these types were 57,360 lines long.
#[test]
fn the_types_of_an_enum_grow_with_its_variants_and_not_with_their_square() {
    let lines = |count: usize| {
        let variant = |index: usize| Variant {
            name: format!("Variant{index}"),
            type_name: format!("Large.Variant{index}"),
            description: String::new(),
            body: Body::Newtype(Type::Bool),
        };
        let variants = (0..count).map(variant).collect();
        let shape = Shape::Union(Union { tagging: Tagging::External, variants });
        let name = "Large".to_owned();
        let def = TypeDef { name, description: String::new(), deprecated: false, shape, same_as: None, input_of: None };
        let api = Api { hash: String::new(), methods: Vec::new(), types: vec![def] };
        let files = generate(&api, &Package { name: "large".to_owned() }, Int64::Bigint);
        files.iter().find(|file| file.path == "cjs/types.d.ts").expect("its types").contents.lines().count()
    };
    assert_eq!(lines(240) - lines(120), 120 * 6);
}

#[test]
fn integers_that_numbers_do_not_hold_are_what_was_asked_for() {
    let of = |int64| {
        let files = generate(&sample::api(), &Package { name: "task-client".to_owned() }, int64);
        let file = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.contents.clone());
        let types = file("cjs/types.d.ts").expect("types");
        let id = types.lines().find(|line| line.starts_with("  id: ")).expect("the field").to_owned();
        (id, file("runtime/wide.js").expect("a codec"), file("runtime/sdk.js").expect("a wire format"))
    };
    let (bigint, number) = (of(Int64::Bigint), of(Int64::Number));
    assert_eq!([&*bigint.0, &*number.0], ["  id: bigint;", "  id: number;"]);
    assert!(bigint.1 != number.1);
    assert!(bigint.2.contains("protobuf") && !number.2.contains("protobuf"));
}
