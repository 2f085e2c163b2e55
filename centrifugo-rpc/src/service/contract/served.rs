//! A short description of the service of a worker: enough to distinguish another service from another version of the
//! same one.

use std::collections::BTreeSet;
use std::fmt::Write;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::service::method::Method;

use crate::service::registry::Registry;

/// The maximum number of sampled names. Samples are short because every worker receives the samples of all others. If
/// there are more names, all workers choose the same sample.
const SAMPLE: usize = 256;

/// Hexadecimal digits of a name's hash. Few names share a hash, and a few collisions do not decide the comparison.
const DIGITS: usize = 4;

/// A service's name, if it has one, and a sample of the names of its methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The number of methods.
    pub methods: usize,
    /// The smallest hashes of the names, concatenated.
    sample: String,
}

impl Served {
    pub(crate) fn by(registry: &Registry, service: Option<&str>) -> Self {
        Self::new(service, registry.methods().map(Method::name))
    }

    fn new<'a>(service: Option<&str>, names: impl Iterator<Item = &'a str>) -> Self {
        let mut methods = 0;
        let hashes: BTreeSet<String> = names.inspect(|_| methods += 1).map(hash).collect();
        let sample = hashes.into_iter().take(SAMPLE).collect();
        Self { service: service.map(ToOwned::to_owned), methods, sample }
    }

    /// Whether this is a different service than `other`. If both have a name, the names decide. Otherwise the methods
    /// decide: versions of one service share most of them, and different services share almost none, such as a health
    /// check. Services are different if they share less than a third of the methods of the smaller one.
    pub(crate) fn is_another_than(&self, other: &Self) -> bool {
        if let (Some(name), Some(other)) = (&self.service, &other.service) {
            return name != other;
        }
        let (mut names, mut others) = (self.names(), other.names());
        // Both samples are complete up to this hash.
        for end in [self.end(), other.end()].into_iter().flatten() {
            names.retain(|name| *name <= end);
            others.retain(|name| *name <= end);
        }
        3 * names.intersection(&others).count() < names.len().min(others.len())
    }

    fn names(&self) -> BTreeSet<&str> {
        // The sample of another worker may contain anything.
        let digits = self.sample.as_bytes().chunks_exact(DIGITS).take(SAMPLE);
        digits.filter_map(|name| std::str::from_utf8(name).ok()).collect()
    }

    /// The last hash of the sample, if the sample is incomplete.
    fn end(&self) -> Option<&str> {
        self.names().last().copied().filter(|_| self.sample.len() >= SAMPLE * DIGITS)
    }
}

fn hash(name: &str) -> String {
    let digest = digest(&SHA256, name.as_bytes());
    digest.as_ref().iter().take(DIGITS / 2).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(service: Option<&str>, names: &[String]) -> Served {
        Served::new(service, names.iter().map(String::as_str))
    }

    fn names(prefix: &str, count: usize) -> Vec<String> {
        (0..count).map(|number| format!("{prefix}.method_{number}")).collect()
    }

    fn are_others(one: &[String], other: &[String]) -> bool {
        let (one, other) = (served(None, one), served(None, other));
        assert_eq!(one.is_another_than(&other), other.is_another_than(&one));
        one.is_another_than(&other)
    }

    #[test]
    fn versions_of_a_service_are_one_service() {
        for count in [1, 2, 3, 10, 256, 257, 1000] {
            let old = names("tasks", count);
            assert!(!are_others(&old, &old), "{count}");
            // The new version has ten times as many methods, including the old ones.
            assert!(!are_others(&old, &[old.clone(), names("more", 9 * count)].concat()), "{count} more");
            // Half of the methods are renamed.
            let renamed = [&old[..count.div_ceil(2)], &names("renamed", count / 2)].concat();
            assert!(!are_others(&old, &renamed), "{count} renamed");
        }
    }

    #[test]
    fn services_that_share_next_to_nothing_are_others() {
        let health = vec!["health.check".to_owned()];
        for (one, other) in [(1, 1), (2, 5), (3, 100), (64, 64), (65, 1000), (1000, 1000)] {
            let (one, other) = (names("tasks", one), names("bills", other));
            assert!(are_others(&one, &other), "{} and {}", one.len(), other.len());
            if one.len() > 2 {
                assert!(are_others(&[one, health.clone()].concat(), &[other, health.clone()].concat()));
            }
        }
    }

    #[test]
    fn a_name_says_it_whatever_the_methods_are() {
        let (tasks, bills) = (names("tasks", 5), names("bills", 5));
        assert!(!served(Some("a"), &tasks).is_another_than(&served(Some("a"), &bills)));
        assert!(served(Some("a"), &tasks).is_another_than(&served(Some("b"), &tasks)));
        assert!(
            !served(Some("a"), &tasks).is_another_than(&served(None, &tasks)),
            "a rolling deploy that gives a name"
        );
    }

    #[test]
    fn what_is_said_is_short_and_garbage_is_no_panic() {
        let many = serde_json::to_string(&served(Some("tasks"), &names("tasks", 5000))).expect("JSON");
        assert!(many.len() < 1100, "{}", many.len());
        for sample in ["", "x", "äöüßäöüß", "00000000ffff"] {
            let odd = Served { service: None, methods: usize::MAX, sample: sample.to_owned() };
            let _ = (odd.is_another_than(&served(None, &names("tasks", 3))), odd.is_another_than(&odd));
        }
    }
}
