//! Characters that newer versions of Unicode allow in identifiers.

/// Whether Unicode allows the character in identifiers only since a version after 13.0, that of Python 3.10. Every
/// supported version of Python, Go and TypeScript knows all others. The list begins where `XID_Continue` of Unicode 17
/// and `str.isidentifier` of Python 3.10 differ. Two widespread ones are among them: the joiners of Persian and Indic
/// words, and the middle dot of Japanese names.
pub(super) fn is_recent(c: char) -> bool {
    matches!(
        c,
        '\u{870}'..='\u{89f}' | '\u{8b5}' | '\u{8c8}'..='\u{8d2}' | '\u{c3c}' | '\u{c5c}'..='\u{c5d}'
            | '\u{cdc}'..='\u{cdd}' | '\u{cf3}' | '\u{ece}' | '\u{170d}' | '\u{1715}'..='\u{171f}' | '\u{180f}'
            | '\u{1ac1}'..='\u{1aeb}' | '\u{1b4c}' | '\u{1c89}'..='\u{1c8a}' | '\u{1dfa}' | '\u{200c}'..='\u{200d}'
            | '\u{2c2f}' | '\u{2c5f}' | '\u{30fb}' | '\u{9ffd}'..='\u{9fff}' | '\u{a7c0}'..='\u{a7c1}'
            | '\u{a7cb}'..='\u{a7f4}' | '\u{ff65}' | '\u{10570}'..='\u{105f3}' | '\u{10780}'..='\u{107ba}'
            | '\u{10940}'..='\u{10959}' | '\u{10d40}'..='\u{10d85}' | '\u{10ec2}'..='\u{10eff}'
            | '\u{10f70}'..='\u{10f85}' | '\u{11070}'..='\u{11075}' | '\u{110c2}' | '\u{1123f}'..='\u{11241}'
            | '\u{11380}'..='\u{113e2}' | '\u{116d0}'..='\u{116e3}' | '\u{11740}'..='\u{11746}'
            | '\u{11ab0}'..='\u{11abf}' | '\u{11b60}'..='\u{11bf9}' | '\u{11db0}'..='\u{11de9}'
            | '\u{11f00}'..='\u{11f5a}' | '\u{12f90}'..='\u{12ff0}' | '\u{1342f}'..='\u{143fa}'
            | '\u{16100}'..='\u{16139}' | '\u{16a70}'..='\u{16ac9}' | '\u{16d40}'..='\u{16d79}'
            | '\u{16ea0}'..='\u{16ed3}' | '\u{16ff2}'..='\u{16ff6}' | '\u{187f8}'..='\u{187ff}' | '\u{18cff}'
            | '\u{18d09}'..='\u{1affe}' | '\u{1b11f}'..='\u{1b132}' | '\u{1b155}' | '\u{1ccf0}'..='\u{1cf46}'
            | '\u{1df00}'..='\u{1df2a}' | '\u{1e030}'..='\u{1e08f}' | '\u{1e290}'..='\u{1e2ae}'
            | '\u{1e4d0}'..='\u{1e7fe}' | '\u{2a6de}'..='\u{2a6df}' | '\u{2b735}'..='\u{2b73f}'
            | '\u{2cea2}'..='\u{2cead}' | '\u{2ebf0}'..='\u{2ee5d}' | '\u{31350}'..='\u{33479}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_old_are_not_recent() {
        assert!(['\u{200c}', '・', '\u{1c89}', '\u{10d50}', '\u{31350}'].into_iter().all(is_recent));
        assert!(!"aä_я日本हिन्दीน้ำ한글·\u{1e900}𠀀".chars().any(is_recent));
    }
}
