//! The types, grouped by their difficulty.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::animal::Animal;

mod adjacent;
mod collections;
mod directions;
mod docs;
mod external;
mod fields;
mod flatten;
mod generics;
mod integer_enums;
mod internal;
mod maps;
mod names;
mod never;
mod numbers;
mod options;
mod order;
mod recursion;
mod text;
mod unicode;
mod unit_enums;
mod untagged;

/// Returns all types.
pub(crate) fn all() -> impl Iterator<Item = Animal> {
    [
        numbers::ANIMALS,
        text::ANIMALS,
        options::ANIMALS,
        collections::ANIMALS,
        maps::ANIMALS,
        unit_enums::ANIMALS,
        integer_enums::ANIMALS,
        external::ANIMALS,
        internal::ANIMALS,
        adjacent::ANIMALS,
        untagged::ANIMALS,
        flatten::ANIMALS,
        recursion::ANIMALS,
        fields::ANIMALS,
        order::ANIMALS,
        names::ANIMALS,
        unicode::ANIMALS,
        docs::ANIMALS,
        generics::ANIMALS,
        directions::ANIMALS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

pub(crate) use names::methods::METHODS;

/// A point, which many other types contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i32,
    y: i32,
}

const ORIGIN: Point = Point { x: 0, y: 0 };
const CORNER: Point = Point { x: i32::MIN, y: i32::MAX };

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Green,
    Blue,
}
