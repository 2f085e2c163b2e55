//! Sets the channels of the service as the defaults of its clients.

use super::File;
use crate::config::Channels;

/// The places of these defaults in the hand-written half of a client, in code and in documentation: the file, the text
/// around the request channel, and the text around the namespace of reply channels.
const PLACES: [(&str, [&str; 2]); 7] = [
    ("_client.py", ["request_channel: str = \"@\"", "reply_namespace: str = \"@\""]),
    ("_client.py", ["Default:\n                `@`.", "namespace of reply channels. Default: `@`."]),
    ("runtime/options.js", ["options.requestChannel ?? '@'", "options.replyNamespace ?? '@'"]),
    ("cjs/runtime/options.js", ["options.requestChannel ?? '@'", "options.replyNamespace ?? '@'"]),
    ("cjs/runtime/options.d.ts", ["published into. Default: `@`.", "namespace of reply channels. Default: `@`."]),
    ("options.go", ["requestChannel:   \"@\"", "replyNamespace:   \"@\""]),
    ("options.go", ["Default: @, as at the service", "Default: @, as at the service"]),
];

/// Replaces the default channels in a client of any language with the channels of its service.
pub(crate) fn with(channels: &Channels, mut files: Vec<File>) -> Vec<File> {
    let usual = Channels::of(None);
    for file in &mut files {
        for (path, [request, reply]) in PLACES {
            if file.path == path {
                for (place, old, new) in
                    [(request, &usual.requests, &channels.requests), (reply, &usual.replies, &channels.replies)]
                {
                    file.contents = file.contents.replacen(&place.replace('@', old), &place.replace('@', new), 1);
                }
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::{Package, go, python, sample, typescript};

    #[test]
    fn clients_of_all_languages_have_the_channels_of_their_service() {
        let (api, package) = (sample::api(), Package { name: "billing-client".to_owned() });
        let languages = [
            python::generate(&api, &package),
            typescript::generate(&api, &package, typescript::Int64::default()),
            go::generate(&api, &package),
        ];
        let (usual, own) = (Channels::of(None), Channels::of(Some("billing")));
        let mut found = 0;
        for files in languages {
            assert_eq!(with(&usual, files.clone()), files);
            for (before, after) in files.iter().zip(&with(&own, files.clone())) {
                let places: Vec<_> = PLACES.iter().filter(|(path, _)| *path == before.path).collect();
                found += places.len();
                assert_eq!(before != after, !places.is_empty(), "{}", before.path);
                // Both the channel and the namespace, in code and in documentation.
                for (_, [request, reply]) in places {
                    for (place, old, new) in
                        [(request, &usual.requests, &own.requests), (reply, &usual.replies, &own.replies)]
                    {
                        let (old, new) = (place.replace('@', old), place.replace('@', new));
                        assert!(
                            before.contents.contains(&old) && !after.contents.contains(&old),
                            "{}: {old}",
                            before.path
                        );
                        assert!(after.contents.contains(&new), "{}: {new}", after.path);
                    }
                }
            }
        }
        assert_eq!(found, PLACES.len());
    }
}
