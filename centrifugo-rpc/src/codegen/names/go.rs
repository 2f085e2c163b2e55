//! Go identifiers. Go allows the letters of Unicode, but no marks. Exported identifiers start with an upper-case
//! letter.

use super::{is_part, is_start, pascal};

/// The identifier of an exported item. A name whose first letter has no upper case gets the prefix `X`.
pub(crate) fn exported(name: &str) -> String {
    let name = following(name);
    let mut chars = name.chars();
    match chars.next() {
        Some(first) if first.is_uppercase() => name,
        // Only ASCII: the upper case of some other letters is several letters.
        Some(first) if first.is_ascii_lowercase() => format!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        _ => format!("X{name}"),
    }
}

/// A name in the form in which it follows a prefix in an exported identifier.
pub(crate) fn following(name: &str) -> String {
    pascal(name).chars().filter(|&c| is_letter(c) || is_digit(c)).collect()
}

/// Unicode's categories of letters: the characters that may start an identifier, without numerals and four symbols.
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
