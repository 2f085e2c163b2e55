//! The Python client.

use super::{Api, File, Package};

/// The files of the package.
pub(crate) fn generate(api: &Api, package: &Package) -> Vec<File> {
    let _ = (api, package);
    Vec::new()
}
