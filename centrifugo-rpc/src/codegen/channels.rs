//! Sets the channels of the service as the defaults of its clients.

use super::File;
use crate::channels::Channels;

/// A place of the default channels, in code or in documentation.
#[derive(Debug)]
pub(crate) struct Place {
    /// The path of the file.
    pub path: &'static str,
    /// The text around the request channel, which is `@` here.
    pub requests: &'static str,
    /// The text around the namespace of reply channels, which is `@` here.
    pub replies: &'static str,
}

impl Place {
    /// The texts to replace, and the new ones.
    fn replacements(&self, channels: &Channels) -> [[String; 2]; 2] {
        let usual = Channels::of(None);
        let replaced = |text: &str, old: &str, new: &str| [text.replace('@', old), text.replace('@', new)];
        [
            replaced(self.requests, &usual.requests, &channels.requests),
            replaced(self.replies, &usual.replies, &channels.replies),
        ]
    }
}

/// Replaces the default channels of a client at their places with the channels of its service.
pub(crate) fn with(channels: &Channels, places: &[Place], mut files: Vec<File>) -> Vec<File> {
    for file in &mut files {
        for place in places.iter().filter(|place| place.path == file.path) {
            for [old, new] in place.replacements(channels) {
                file.contents = file.contents.replacen(&old, &new, 1);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::language::{LANGUAGES, Settings, generate};
    use crate::codegen::{Package, sample};

    #[test]
    fn clients_of_all_languages_have_the_channels_of_their_service() {
        let (api, package) = (sample::api(), Package { name: "billing-client".to_owned() });
        let (usual, own) = (Channels::of(None), Channels::of(Some("billing")));
        for language in LANGUAGES {
            let places = language.description().channels;
            let files = |channels| generate(language, &api, &package, &Settings::default(), channels);
            assert_eq!(files(&usual), language.generate(&api, &package, &Settings::default()));
            let mut found = 0;
            for (before, after) in files(&usual).iter().zip(&files(&own)) {
                let places: Vec<_> = places.iter().filter(|place| place.path == before.path).collect();
                found += places.len();
                assert_eq!(before != after, !places.is_empty(), "{}", before.path);
                // Both the channel and the namespace, in code and in documentation.
                for [old, new] in places.iter().flat_map(|place| place.replacements(&own)) {
                    let is_replaced = before.contents.contains(&old) && !after.contents.contains(&old);
                    assert!(is_replaced, "{}: {old}", before.path);
                    assert!(after.contents.contains(&new), "{}: {new}", after.path);
                }
            }
            assert!(found == places.len() && found > 0, "{language:?}");
        }
    }
}
