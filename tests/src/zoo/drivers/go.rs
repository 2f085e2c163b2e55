use std::fmt::Write;

use heck::ToUpperCamelCase;

use super::{METHODS, identifier, quoted};
use crate::zoo::List;

/// Generates the driver in Go, in a module `driver` that replaces `client` with the generated client. `methods` is the
/// source of the client's methods.
#[must_use]
pub fn go(list: &List, methods: &str) -> String {
    let mut text = include_str!("driver.go.txt").to_owned();
    for animal in &list.types {
        let [get, check, refused] =
            [&animal.get, &animal.check, &animal.refused].map(|name| name.to_upper_camel_case());
        let refusals: Vec<_> = animal.refusals.iter().map(|text| quoted(text)).collect();
        let check_type = &animal.check_type;
        let params = if animal.split {
            format!(
                "params := client.{check_type}{{Case: at}}\n\t\t\tif err := converted(value, &params.Value); err != nil {{\n\t\t\t\treturn \
                 err\n\t\t\t}}\n"
            )
        } else {
            format!("params := client.{check_type}{{Case: at, Value: value}}\n")
        };
        let _ = write!(
            text,
            "\nfunc init() {{\n\tanimal(\"{}\", func(ctx context.Context, api, strict *client.APIClient) error {{\n\t\t\
             for at := range uint32({}) {{\n\t\t\t\
             value, err := api.{get}(ctx, client.ZooCase{{Case: at}})\n\t\t\t\
             if err != nil {{\n\t\t\t\treturn err\n\t\t\t}}\n\t\t\t\
             {params}\t\t\t\
             is, err := api.{check}(ctx, params)\n\t\t\t\
             if err := same(at, is, err); err != nil {{\n\t\t\t\treturn err\n\t\t\t}}\n\t\t}}\n\t\t\
             for at, text := range []string{{{}}} {{\n\t\t\t\
             value, err := strict.{refused}(ctx, client.ZooCase{{Case: uint32(at)}})\n\t\t\t\
             if err := refused(text, value, err); err != nil {{\n\t\t\t\treturn err\n\t\t\t}}\n\t\t}}\n\t\t\
             return nil\n\t}})\n}}\n",
            animal.name,
            animal.cases,
            refusals.join(", "),
        );
    }
    let _ = write!(
        text,
        "\nfunc init() {{\n\tanimal(\"{METHODS}\", func(ctx context.Context, api, strict *client.APIClient) error {{\n\t\tanswers := []answer{{\n"
    );
    for method in &list.methods {
        let name = identifier(methods, &format!("c, \"{method}\", nil"), "func (c *APIClient) ");
        let _ = writeln!(text, "\t\t\t{{\"{method}\", api.{name}}},");
    }
    text.push_str("\t\t}\n\t\treturn answered(ctx, answers)\n\t})\n}\n");
    text
}
