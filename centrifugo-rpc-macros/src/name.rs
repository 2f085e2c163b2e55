//! Checks the name of a method: dotted snake case.

/// The maximum length, in bytes.
const MAX_LEN: usize = 128;

/// The first segment of the server's own methods, such as `system.contract`.
const RESERVED: &str = "system";

/// Checks that `name` can be the name of a method.
///
/// # Errors
///
/// Returns the problem with the name, and its fix.
pub(crate) fn check(name: &str) -> Result<(), (String, String)> {
    if name.is_empty() {
        return Err(("the name of a method cannot be empty".into(), "write one, such as `\"tasks.get_stats\"`".into()));
    }
    if !is_dotted_snake_case(name) {
        let help = match proposal(name) {
            Some(better) => format!("write `{better}`"),
            None => {
                "segments of `a-z`, `0-9` and `_` that begin with a letter, joined by `.`: `tasks.get_stats`".into()
            }
        };
        return Err((format!("`{}` is not dotted snake case", name.escape_debug()), help));
    }
    if name.len() > MAX_LEN {
        let problem = format!("the name of this method has {} bytes", name.len());
        return Err((problem, format!("keep it to {MAX_LEN}: it is a part of every request")));
    }
    if is_reserved(name) {
        let problem = format!("`{name}` belongs to the server: `{RESERVED}.` begins the names of its own methods");
        return Err((problem, "take another first segment".into()));
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    name.split('.').next() == Some(RESERVED)
}

fn is_dotted_snake_case(name: &str) -> bool {
    name.split('.').all(|segment| {
        segment.starts_with(|c: char| c.is_ascii_lowercase())
            && segment.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    })
}

/// The nearest valid name.
fn proposal(name: &str) -> Option<String> {
    let segments: Vec<String> =
        name.split(['.', '/', ':']).map(snake_case).filter(|segment| !segment.is_empty()).collect();
    let better = segments.join(".");
    (is_dotted_snake_case(&better) && better.len() <= MAX_LEN && !is_reserved(&better)).then_some(better)
}

/// Turns `GetHTTPStats-now` into `get_http_stats_now`.
fn snake_case(segment: &str) -> String {
    let chars: Vec<char> = segment.chars().collect();
    let mut snake = String::with_capacity(segment.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            snake.push('_');
            continue;
        }
        let follows_lower = i > 0 && (chars[i - 1].is_lowercase() || chars[i - 1].is_numeric());
        let ends_acronym = i > 0 && chars[i - 1].is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (follows_lower || ends_acronym) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_snake_case() {
        let longest = format!("tasks.{}", "a".repeat(122));
        for name in ["ping", "tasks.get_stats", "a.b.c", "v2.tasks_3.get_", "systems.list", longest.as_str()] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let too_long = format!("{longest}a");
        for name in ["", ".", "a.", ".a", "a..b", "2a", "_a", "a._b", "a-b", "A", "a b", "tâches", "a\n", &too_long] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_first_segment_system_belongs_to_the_server() {
        assert!(check("system.contract").is_err());
        assert!(check("system").is_err());
    }

    #[test]
    fn the_nearest_name_is_proposed() {
        for (name, better) in [
            ("Tasks.GetStats", "tasks.get_stats"),
            ("tasks/get-stats", "tasks.get_stats"),
            ("tasks::getHTTPStats", "tasks.get_http_stats"),
            (" tasks . get stats", "tasks.get_stats"),
            ("_tasks..get__stats.", "tasks.get_stats"),
            ("Tasks2Go", "tasks2_go"),
        ] {
            assert_eq!(proposal(name).as_deref(), Some(better), "{name}");
        }
        for name in ["tâches", "2fa.check", "...", "System.Contract"] {
            assert_eq!(proposal(name), None, "{name}");
        }
    }
}
