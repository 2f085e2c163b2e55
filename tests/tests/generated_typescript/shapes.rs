//! The types of unions, as programs use them.

use tests::toolchain;
use tests::typescript::{Project, STRICT, run};

/// A program with the types of the generator's golden file.
const PROGRAM: &str = "\
import type { Shape } from './types.js';

export function size(shape: Shape): number {
  if (shape === 'Empty') return 0;
  if ('Circle' in shape) return shape.Circle.radius;
  return shape.Polygon.length;
}

export function sizeByValue(shape: Exclude<Shape, string>): number {
  return shape.Polygon === undefined ? shape.Circle.radius : shape.Polygon.length;
}

const center = { x: 1, y: 2 };
export const circle: Shape = { Circle: { center, radius: 1 } };
// @ts-expect-error one of them
export const both: Shape = { Circle: { center, radius: 1 }, Polygon: [center] };
// @ts-expect-error one of them
export const none: Shape = {};
// @ts-expect-error not this
export const other: Shape = { Square: center };
";

#[test]
fn a_variant_of_an_externally_tagged_enum_is_told_by_its_key_and_excludes_the_others() {
    let golden = "centrifugo-rpc/src/codegen/typescript/golden/types.d.ts.txt";
    let types = std::fs::read_to_string(toolchain::workspace_dir().join(golden)).expect("the golden file");
    let project = Project::new();
    project.write("types.d.ts", &types);
    project.write("program.ts", PROGRAM);
    run(project.tsc(&STRICT).args(["--module", "nodenext", "program.ts"]));
}
