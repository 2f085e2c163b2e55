//! Identifiers out of names: of the wire, where everything is allowed, and of Rust.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

use super::ir::{Method, TypeDef};

pub(crate) mod python;
pub(crate) mod typescript;

/// `tasks_get_stats`
pub(crate) fn snake(name: &str) -> String {
    identifier(&ascii(name).to_snake_case())
}

/// `tasksGetStats`
pub(crate) fn camel(name: &str) -> String {
    identifier(&ascii(name).to_lower_camel_case())
}

/// `TasksGetStats`. What is written so already stays as it is: `UserID`.
pub(crate) fn pascal(name: &str) -> String {
    let is_pascal = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name.contains(|c: char| c.is_ascii_lowercase());
    if is_pascal {
        return name.to_owned();
    }
    let pascal = ascii(name).to_upper_camel_case();
    match pascal.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => pascal,
        _ => format!("X{pascal}"),
    }
}

/// `TASKS_GET_STATS`
pub(crate) fn shouty(name: &str) -> String {
    identifier(&ascii(name).to_shouty_snake_case())
}

/// Two names that some file system or language takes for one.
pub(crate) fn folded(name: &str) -> String {
    pascal(name).to_ascii_lowercase()
}

/// With a word for each character that identifiers cannot hold, where nothing else is left of a name.
fn ascii(name: &str) -> String {
    let kept: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    if kept.trim().is_empty() {
        return name.chars().map(|c| format!("u{:x}", u32::from(c))).collect::<Vec<_>>().join(" ");
    }
    kept
}

fn identifier(name: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        _ => format!("x{name}"),
    }
}

/// The identifiers of one scope: each is given once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// A scope in which `reserved` are taken: words of the language, and names of the runtime.
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|&word| word.to_owned()).collect() }
    }

    /// `wanted`; where it is reserved or given already, with `suffix`, and then with a number.
    pub(crate) fn pick(&mut self, wanted: &str, suffix: &str) -> String {
        self.pick_but(wanted, suffix, |_| false)
    }

    /// The same, and none of those that are `refused`.
    pub(crate) fn pick_but(&mut self, wanted: &str, suffix: &str, refused: impl Fn(&str) -> bool) -> String {
        let suffixed = std::iter::once(format!("{wanted}{suffix}"));
        let numbered = (2..).map(|number| format!("{wanted}{suffix}{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(suffixed).chain(numbered);
        let free =
            candidates.find(|name| !self.taken.contains(name) && !refused(name)).unwrap_or_else(|| wanted.to_owned());
        self.taken.insert(free.clone());
        free
    }
}

/// Methods, and types, that would get one name.
pub(super) fn clashes(methods: &[Method], types: &[TypeDef]) -> Vec<String> {
    let methods = clash(methods.iter().map(|method| method.name.as_str()));
    let types = clash(types.iter().map(|def| def.name.as_str()));
    let methods = methods.into_iter().map(|names| {
        format!("the methods `{}` would get one name in clients: rename one of them", names.join("` and `"))
    });
    let types = types.into_iter().map(|names| {
        format!(
            "the types `{}` would get one name in clients: give one another name with `#[schemars(rename = \"…\")]`",
            names.join("` and `")
        )
    });
    methods.chain(types).collect()
}

fn clash<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut by_identifier: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        by_identifier.entry(folded(name)).or_default().push(name);
    }
    by_identifier.into_values().filter(|names| names.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wire_and_of_rust() {
        for (name, as_snake, as_camel, as_pascal) in [
            ("tasks.get_stats", "tasks_get_stats", "tasksGetStats", "TasksGetStats"),
            ("user_id", "user_id", "userId", "UserId"),
            ("userId", "user_id", "userId", "UserId"),
            ("UserID", "user_id", "userId", "UserID"),
            ("TaskStatsParams", "task_stats_params", "taskStatsParams", "TaskStatsParams"),
            ("Page_for_Task", "page_for_task", "pageForTask", "PageForTask"),
            ("x-y z", "x_y_z", "xYZ", "XYZ"),
            ("A", "a", "a", "A"),
            ("2fa", "x2fa", "x2fa", "X2fa"),
            ("", "x", "x", "X"),
            ("/", "u2f", "u2f", "U2f"),
            ("größe", "gr_e", "grE", "GrE"),
            ("日本", "u65e5_u672c", "u65e5U672c", "U65e5U672c"),
        ] {
            assert_eq!(
                (snake(name), camel(name), pascal(name)),
                (as_snake.into(), as_camel.into(), as_pascal.into()),
                "{name:?}"
            );
        }
        assert_eq!(shouty("fooBar"), "FOO_BAR");
    }

    #[test]
    fn a_scope_gives_each_name_once() {
        let mut scope = Scope::new(&["class"]);
        let picked = ["class", "class", "name", "name", "class_"].map(|name| scope.pick(name, "_"));
        assert_eq!(picked, ["class_", "class_2", "name", "name_", "class__"]);
    }
}
