//! Converts ES modules to `CommonJS` modules.

/// Converts `code` to a `CommonJS` module. Supports only the forms of imports and exports that this project's modules
/// use, each on its own line. The tests run the result for every module.
pub(super) fn from_es(code: &str) -> String {
    let mut text = "'use strict';\nObject.defineProperty(exports, '__esModule', { value: true });\n".to_owned();
    if code.contains("export * from") {
        text += "const __exportStar = (module) => Object.assign(exports, module);\n";
    }
    let mut exported = Vec::new();
    for line in code.lines() {
        let line = import(line).or_else(|| export_from(line)).unwrap_or_else(|| {
            let Some(declaration) = line.strip_prefix("export ") else { return line.to_owned() };
            exported.extend(declared(declaration));
            if declaration == "{};" { String::new() } else { declaration.to_owned() }
        });
        text += line.trim_end();
        text.push('\n');
    }
    text + &exported.iter().map(|name| format!("exports.{name} = {name};\n")).collect::<String>()
}

/// Converts `import { a, b as c } from 'x';` and `import * as a from 'x';`.
fn import(line: &str) -> Option<String> {
    let (names, module) = line.strip_prefix("import ")?.strip_suffix(';')?.split_once(" from ")?;
    let names = match names.strip_prefix("* as ") {
        Some(name) => name.to_owned(),
        None => names.replace(" as ", ": "),
    };
    Some(format!("const {names} = require({module});"))
}

/// Converts `export { a, b as c } from 'x';` and `export * from 'x';` to forms in which Node recognizes the exported
/// names of a module.
fn export_from(line: &str) -> Option<String> {
    let (names, module) = line.strip_prefix("export ")?.strip_suffix(';')?.split_once(" from ")?;
    if names == "*" {
        return Some(format!("__exportStar(require({module}));"));
    }
    let names = names.trim_start_matches('{').trim_end_matches('}').split(',').map(str::trim);
    let exports = names.filter(|name| !name.is_empty()).map(|name| {
        let (inside, outside) = name.split_once(" as ").unwrap_or((name, name));
        format!("exports.{outside} = require({module}).{inside};")
    });
    Some(exports.collect::<Vec<_>>().join("\n"))
}

/// The name declared by `class A {`, `const a = …` or `async function a(…`.
fn declared(declaration: &str) -> Option<&str> {
    let rest =
        ["class ", "const ", "function ", "async function "].iter().find_map(|word| declaration.strip_prefix(word));
    rest?.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_and_exports_become_those_of_common_js() {
        let es = "\
import { a, b as c } from './a.js';
import * as d from 'd';
export { e, f as g, } from './e.js';
export * from './h.js';
/** Text. */
export class Größe_$ extends d.D {
  export = 1;
}
export const i = 1;
export async function j(k) {}
export {};
";
        let common_js = "\
'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const __exportStar = (module) => Object.assign(exports, module);
const { a, b: c } = require('./a.js');
const d = require('d');
exports.e = require('./e.js').e;
exports.g = require('./e.js').f;
__exportStar(require('./h.js'));
/** Text. */
class Größe_$ extends d.D {
  export = 1;
}
const i = 1;
async function j(k) {}

exports.Größe_$ = Größe_$;
exports.i = i;
exports.j = j;
";
        assert_eq!(from_es(es), common_js);
    }
}
