//! The pages of `docs` as modules, for docs.rs.
//!
//! A page links by reference, like `[setup.md]` or `[slow links][deployment.md#slow-links]`, and ends with definitions
//! of its links as relative paths, which GitHub follows. Of two definitions of one link, the first one counts: docs.rs
//! has the definitions that precede a page here. `.ci/links` reports a link without one.

/// Defines links to files of the repository, at the tag of this version.
macro_rules! repository {
    ($($label:literal: $path:literal,)*) => {
        concat!($(
            "[", $label, "]: ", env!("CARGO_PKG_REPOSITORY"), "/blob/v", env!("CARGO_PKG_VERSION"), "/", $path, "\n",
        )*)
    };
}

/// A module with a page as its documentation. The folder `docs` of this crate is a link to that of the repository;
/// `cargo package` packs the files. Doctests leave the definitions out, so that a failure names the line of the page. The
/// anchor `settings` is rustdoc's own, so a heading of that name gets another one.
macro_rules! page {
    ($name:ident, $file:literal { $($pages:tt)* }) => {
        #[cfg_attr(not(doctest), doc = include_str!("pages/links.md"))]
        #[cfg_attr(not(doctest), doc = repository! {
            "../ARCHITECTURE.md": "ARCHITECTURE.md",
            "../CHANGELOG.md": "CHANGELOG.md",
            "../CONTRIBUTING.md": "CONTRIBUTING.md",
            "../README.md": "README.md",
            "../centrifugo-rpc/clients/protocol.json": "centrifugo-rpc/clients/protocol.json",
            "../findings/README.md": "findings/README.md",
            "../tests/clients/README.md": "tests/clients/README.md",
            "images/call.svg": "docs/images/call.svg?raw=true",
        })]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $name { $($pages)* }
    };
}

page! { guide, "README.md" {
    page! { setup, "setup.md" {} }
    page! { backend_guide, "backend-guide.md" {} }
    page! { api_reference, "api-reference.md" {} }
    page! { client_generation, "client-generation.md" {} }
    page! { frontend_guide, "frontend-guide.md" {} }
    page! { protocol, "protocol.md" {} }
    page! { deployment, "deployment.md" {} }
    page! { architecture, "architecture.md" {} }
    page! { performance, "performance.md" {} }
    page! { compatibility, "compatibility.md" {} }
} }
