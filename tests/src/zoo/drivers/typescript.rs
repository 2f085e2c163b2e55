use std::fmt::Write;

use heck::ToLowerCamelCase;

use super::{METHODS, identifier, quoted};
use crate::zoo::List;

/// Generates the driver in TypeScript, beside a package `sdk`. `api` is the source of the client's methods.
#[must_use]
pub fn typescript(list: &List, api: &str) -> String {
    let mut text = include_str!("driver.ts").to_owned();
    for animal in &list.types {
        let [get, check, refused] =
            [&animal.get, &animal.check, &animal.refused].map(|name| name.to_lower_camel_case());
        let refusals: Vec<_> = animal.refusals.iter().map(|text| quoted(text)).collect();
        // A split type needs no special code, since TypeScript compares structures only.
        let _ = write!(
            text,
            "\nawait animal('{}', async () => {{\n  \
             for (let at = 0; at < {}; at++) {{\n    \
             const value = await api.{get}({{ case: at }});\n    \
             same(at, await api.{check}({{ case: at, value }}));\n  }}\n  \
             for (const [at, text] of [{}].entries()) {{\n    \
             await refused(text, api.{refused}({{ case: at }}));\n  }}\n}});\n",
            animal.name,
            animal.cases,
            refusals.join(", "),
        );
    }
    let _ = write!(text, "\nawait animal('{METHODS}', async () => {{\n");
    for method in &list.methods {
        let name = identifier(api, &format!("'{method}', undefined"), "}\n\n  ");
        let _ = writeln!(text, "  answered('{method}', await api.{name}());");
    }
    text.push_str("});\n\nawait rpc.close();\nprocess.exitCode = failed ? 1 : 0;\n");
    text
}
