// Integers of 64 and 128 bits, in the representation of `wide.ts`.
import { wide } from './wide.js';
export { wide } from './wide.js';
export const i64 = /* @__PURE__ */ wide('-9223372036854775808', '9223372036854775807');
export const u64 = /* @__PURE__ */ wide('0', '18446744073709551615');
export const i128 = /* @__PURE__ */ wide('-170141183460469231731687303715884105728', '170141183460469231731687303715884105727');
export const u128 = /* @__PURE__ */ wide('0', '340282366920938463463374607431768211455');
