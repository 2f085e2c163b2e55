//! Identifiers of Go. Its letters are Unicode's, but it has no marks in identifiers, and what is exported begins with a letter of
//! upper case.

use super::{is_part, is_start, pascal};

/// The name of something exported: as elsewhere, with an `X` before what has no upper case.
pub(crate) fn exported(name: &str) -> String {
    let name = following(name);
    let mut chars = name.chars();
    match chars.next() {
        Some(first) if first.is_uppercase() => name,
        // Not every letter that has an upper case is one letter in it.
        Some(first) if first.is_ascii_lowercase() => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        _ => format!("X{name}"),
    }
}

/// What goes behind the name of something exported.
pub(crate) fn following(name: &str) -> String {
    pascal(name).chars().filter(|&c| is_letter(c) || is_digit(c)).collect()
}

/// Unicode's categories of letters, which are what an identifier may begin with but for numerals and four symbols.
fn is_letter(c: char) -> bool {
    is_start(c) && !c.is_numeric() && !matches!(c, '\u{1885}' | '\u{1886}' | '\u{2118}' | '\u{212e}')
}

/// Unicode's decimal digits.
fn is_digit(c: char) -> bool {
    is_part(c) && c.is_numeric() && !is_start(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_begins_with_an_upper_case_letter() {
        for (name, expected) in [
            ("größe", "Größe"),
            ("имя", "Имя"),
            ("日本", "X日本"),
            ("ße", "Xße"),
            ("हिन्दी", "Xहनद"),
            ("Ⅷ", "X"),
            ("a٣", "A٣"),
            ("user_id", "UserId"),
            ("℘x", "X"),
        ] {
            assert_eq!(exported(name), expected, "{name}");
        }
    }
}
