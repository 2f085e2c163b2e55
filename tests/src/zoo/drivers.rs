//! Drivers for generated clients: programs that take every value of the zoo from the service and send it back.
//!
//! The part that does not depend on the types is in a file of its language; the functions for the types are generated
//! here.

mod go;
mod python;
mod typescript;

pub use go::go;
pub use python::python;
pub use typescript::typescript;

/// The row of the methods with hostile names.
pub const METHODS: &str = "hostile_methods";

/// Finds the name that a client gives to `method`: the identifier after the last `declaration` before `call` in its
/// source. Only the generator knows which names are reserved in a language.
fn identifier<'a>(source: &'a str, call: &str, declaration: &str) -> &'a str {
    let at = source.find(call).unwrap_or_else(|| panic!("no call of {call} in the client"));
    let before = &source[..at];
    let start = before.rfind(declaration).unwrap_or_else(|| panic!("no {declaration} before {call}"));
    let name = &before[start + declaration.len()..];
    name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Returns a literal that JSON, Python, JavaScript and Go read as the same text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_method_is_found_in_the_source_of_its_client() {
        let source = r#"
            async def zoo(self): return self._call("zoo", None)
            async def class_(self): return self._call("class", None)
        "#;
        assert_eq!(identifier(source, "\"class\", None", "async def "), "class_");
        assert_eq!(identifier(source, "\"zoo\", None", "async def "), "zoo");
    }
}
