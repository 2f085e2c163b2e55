//! The channels of the service, as defaults of its clients.

use super::File;
use crate::config::Channels;

/// Where the hand-written half of a client has the defaults, in its code and in its documentation: the file, and what is around the request
/// channel and around the namespace of replies.
const PLACES: [(&str, [&str; 2]); 6] = [
    ("_client.py", ["request_channel: str = \"@\"", "reply_namespace: str = \"@\""]),
    ("_client.py", ["Default:\n                `@`.", "namespace of reply channels. Default: `@`."]),
    ("runtime/options.ts", ["options.requestChannel ?? '@'", "options.replyNamespace ?? '@'"]),
    ("runtime/options.ts", ["published into. Default: `@`.", "namespace of reply channels. Default: `@`."]),
    ("options.go", ["requestChannel:   \"@\"", "replyNamespace:   \"@\""]),
    ("options.go", ["Default: @, as at the service", "Default: @, as at the service"]),
];

/// Gives the client of any language the channels of its service.
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
        let languages =
            [python::generate(&api, &package), typescript::generate(&api, &package), go::generate(&api, &package)];
        for files in languages {
            assert_eq!(with(&Channels::of(None), files.clone()), files);
            let named = with(&Channels::of(Some("billing")), files.clone());
            let changed: Vec<_> = files.iter().zip(&named).filter(|(before, after)| before != after).collect();
            let [(before, after)] = &changed[..] else { panic!("{} files changed", changed.len()) };
            let (usual, own) = (Channels::of(None), Channels::of(Some("billing")));
            let places = PLACES.iter().filter(|(path, _)| *path == before.path);
            let places: Vec<_> = places
                .flat_map(|(_, [request, reply])| {
                    [(request, &usual.requests, &own.requests), (reply, &usual.replies, &own.replies)]
                })
                .collect();
            // The channel and the namespace, in its code and in its documentation.
            assert_eq!(places.len(), 4, "{}", before.path);
            for (place, old, new) in places {
                let (old, new) = (place.replace('@', old), place.replace('@', new));
                assert!(before.contents.contains(&old) && !after.contents.contains(&old), "{}: {old}", before.path);
                assert!(after.contents.contains(&new), "{}: {new}", after.path);
            }
        }
    }
}
