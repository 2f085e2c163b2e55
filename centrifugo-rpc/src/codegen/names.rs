//! Turns names into identifiers: names of the wire, which may contain anything, and names of Rust. Only the casing and
//! the scopes, which all languages share; each language has a module `names` with its own rules and reserved words.

use std::borrow::Cow;
use std::collections::BTreeSet;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_ident::{is_xid_continue, is_xid_start};

use self::recent::is_recent;

mod recent;

/// `tasks_get_stats`
pub(crate) fn snake(name: &str) -> String {
    identifier(&if name.is_ascii() { ascii(name).to_snake_case() } else { joined(name, "_", lower) })
}

/// `tasksGetStats`
pub(crate) fn camel(name: &str) -> String {
    if name.is_ascii() {
        return identifier(&ascii(name).to_lower_camel_case());
    }
    let pascal = joined(name, "", capitalised);
    let first = words(name).into_iter().next().unwrap_or_default();
    identifier(&format!("{}{}", lower(&first), pascal.get(capitalised(&first).len()..).unwrap_or_default()))
}

/// `TasksGetStats`. Names already in this form stay unchanged: `UserID`.
pub(crate) fn pascal(name: &str) -> String {
    let is_pascal =
        name.starts_with(char::is_uppercase) && name.chars().all(is_part) && name.contains(char::is_lowercase);
    if is_pascal {
        return name.to_owned();
    }
    let pascal = if name.is_ascii() { ascii(name).to_upper_camel_case() } else { joined(name, "", capitalised) };
    if pascal.starts_with(is_start) { pascal } else { format!("X{pascal}") }
}

/// `TASKS_GET_STATS`
pub(crate) fn shouty(name: &str) -> String {
    identifier(&if name.is_ascii() { ascii(name).to_shouty_snake_case() } else { joined(name, "_", str::to_uppercase) })
}

/// A folded form of a name, equal for names that some file system or language treats as one.
pub(crate) fn folded(name: &str) -> String {
    nfkc(&pascal(name)).to_lowercase()
}

/// Normalizes a name to NFKC, the form in which Python reads identifiers: compatibility characters become their plain
/// equivalents.
pub(crate) fn nfkc(name: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(name)
}

/// Whether an identifier may start with this character in all languages but Go. Excludes `_`, which has a meaning in
/// Python.
pub(crate) fn is_start(c: char) -> bool {
    is_xid_start(c) && !is_blank(c) && !is_recent(c)
}

/// Whether an identifier may continue with this character in all languages but Go. Excludes `_`, which separates words.
pub(crate) fn is_part(c: char) -> bool {
    is_xid_continue(c) && c != '_' && !is_blank(c) && !is_recent(c)
}

/// Invisible letters and marks: the Hangul fillers and the variation selectors.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// Replaces characters that identifiers cannot contain by spaces. If nothing else is left, spells each of them as a
/// word.
fn ascii(name: &str) -> String {
    let kept: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    if kept.trim().is_empty() { spelled(name).join(" ") } else { kept }
}

fn spelled(name: &str) -> Vec<String> {
    name.chars().map(|c| format!("u{:x}", u32::from(c))).collect()
}

/// The words of a name that is not ASCII. Marks belong to the letters before them, which `heck` does not respect.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        // `userID` and `IDCard` are two words each.
        let ends_capitals = chars.peek().is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase() && before.is_some_and(|before: char| !before.is_uppercase() || ends_capitals);
        if begins || !is_part(c) {
            words.push(String::new());
        }
        before = is_part(c).then_some(c);
        if let Some(word) = words.last_mut() {
            word.extend(before);
        }
    }
    words.retain(|word| !word.is_empty());
    if words.is_empty() { spelled(name) } else { words }
}

fn joined(name: &str, separator: &str, form: impl Fn(&str) -> String) -> String {
    words(name).iter().map(|word| form(word)).collect::<Vec<_>>().join(separator)
}

fn lower(word: &str) -> String {
    word.to_lowercase()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut upper = first.to_uppercase();
    // The capital of `ß` is two letters, and Georgian capitalises only whole words.
    let has_capital = upper.len() == 1 && !matches!(first, '\u{10d0}'..='\u{10ff}');
    let first = if has_capital { upper.next().unwrap_or(first) } else { first };
    std::iter::once(first).chain(chars.as_str().to_lowercase().chars()).collect()
}

fn identifier(name: &str) -> String {
    if name.starts_with(is_start) { name.to_owned() } else { format!("x{name}") }
}

/// The identifiers of one scope. Each is assigned once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// A scope in which `reserved` are taken: keywords of the language and names of the runtime.
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|&word| word.to_owned()).collect() }
    }

    /// Returns `wanted`. If it is reserved or taken, appends `suffix`, and then a number.
    pub(crate) fn pick(&mut self, wanted: &str, suffix: &str) -> String {
        self.pick_but(wanted, suffix, |_| false)
    }

    /// Does the same as [`pick`](Self::pick), and skips names that are `refused`.
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
            ("größe", "größe", "größe", "Größe"),
            ("GrößeMitÜ", "größe_mit_ü", "größeMitÜ", "GrößeMitÜ"),
            ("größe.der-Welt", "größe_der_welt", "größeDerWelt", "GrößeDerWelt"),
            ("имя_поля", "имя_поля", "имяПоля", "ИмяПоля"),
            ("IDGröße", "id_größe", "idGröße", "IDGröße"),
            ("ID_größe", "id_größe", "idGröße", "IdGröße"),
            ("ße", "ße", "ße", "ße"),
            ("日本", "日本", "日本", "日本"),
            // A vowel sign, a tone mark, a separate diacritic.
            ("हिन्दी", "हिन्दी", "हिन्दी", "हिन्दी"),
            ("น้ำ", "น้ำ", "น้ำ", "น้ำ"),
            ("e\u{301}t", "e\u{301}t", "e\u{301}t", "E\u{301}t"),
            ("\u{301}", "x\u{301}", "x\u{301}", "X\u{301}"),
            // Letters that older versions of Python and Go do not know separate words.
            ("می\u{200c}شود", "می_شود", "میشود", "میشود"),
            ("ア・イ", "ア_イ", "アイ", "アイ"),
            ("🦀", "u1f980", "u1f980", "U1f980"),
            ("a🦀ü", "a_ü", "aÜ", "AÜ"),
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
