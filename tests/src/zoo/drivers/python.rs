use std::fmt::Write;

use heck::ToSnakeCase;

use super::{METHODS, identifier, quoted};
use crate::zoo::List;

/// Generates the driver in Python, beside a package `opensdk`. `api` is the source of the client's methods.
#[must_use]
pub fn python(list: &List, api: &str) -> String {
    let mut text = include_str!("driver.py").to_owned();
    for animal in &list.types {
        let [get, check, refused] = [&animal.get, &animal.check, &animal.refused].map(|name| name.to_snake_case());
        let (name, check_type) = (&animal.name, &animal.check_type);
        let params = if animal.split {
            format!("sdk.{check_type}(case=case, value=received(value))")
        } else {
            format!("sdk.{check_type}(case=case, value=value)")
        };
        let _ = write!(
            text,
            "\n\n@animal\nasync def zoo_{name}(api: sdk.APIClient) -> None:\n    \
             for case in range({}):\n        \
             value = await api.{get}(sdk.ZooCase(case=case))\n        \
             same(case, await api.{check}({params}))\n    \
             for case, text in enumerate({}):\n        \
             await refused(text, api.{refused}(sdk.ZooCase(case=case)))\n",
            animal.cases,
            texts(&animal.refusals),
        );
    }
    let _ = write!(text, "\n\n@animal\nasync def zoo_{METHODS}(api: sdk.APIClient) -> None:\n");
    for method in &list.methods {
        let name = identifier(api, &format!("\"{method}\", None"), "async def ");
        let _ = writeln!(text, "    answered(\"{method}\", await api.{name}())");
    }
    text.push_str("\n\nsys.exit(asyncio.run(main()))\n");
    text
}

/// Writes a list. An empty list needs a type.
fn texts(texts: &[String]) -> String {
    if texts.is_empty() {
        return "NOTHING".to_owned();
    }
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}
