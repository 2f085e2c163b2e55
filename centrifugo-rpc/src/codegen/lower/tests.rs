use crate::codegen::sample;
#[test]
fn dump() {
    println!("{:#?}", sample::api());
    println!("{:#?}", sample::api().unified().types.iter().map(|t| (&t.name, &t.same_as)).collect::<Vec<_>>());
}
