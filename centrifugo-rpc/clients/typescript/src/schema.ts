// Checks values of generated types at run time, when TypeScript's types no longer exist. Rejects values that Rust would
// reject, in params and in results.

import { isItsMembers, nameOf } from './kinds.js';

/** Checks a value and converts it: from the program to the wire (`write`), or from the wire to the program (`read`). */
export type Codec = (value: unknown, way: Way) => unknown;
export type Way = 'read' | 'write';
export type Members = { [name: string]: unknown };
type Codecs = { readonly [name: string]: Codec };

/**
 * The reason why a value does not fit, and its place. Not an `Error`, which is slower to make: unions throw many of
 * them while they search for the variant that fits.
 */
export class Mismatch {
  path = '';
  readonly reason: string;
  /** Unions do not try further variants, which could accept the value with another meaning. */
  readonly isFinal: boolean;

  constructor(reason: string, isFinal = false) {
    this.reason = reason;
    this.isFinal = isFinal;
  }

  /** Prepends `step` to the path: the key or index of the value in the value around it. */
  under(step: string | number): this {
    const isPlain = typeof step === 'string' && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step);
    const own = isPlain ? step : `[${JSON.stringify(step)}]`;
    const separator = this.path === '' || this.path.startsWith('[') ? '' : '.';
    this.path = `${own}${separator}${this.path}`;
    return this;
  }
}

export function expected(what: string, value: unknown): Mismatch {
  return new Mismatch(`expected ${what}, got ${nameOf(value)}`);
}

/** Runs `run` for a part of a value, and adds `step` to the path of its mismatch. */
function within<T>(step: string | number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Mismatch ? error.under(step) : error;
  }
}

/** Returns a codec that is made at its first use: types may be recursive. */
export function define(make: () => Codec): Codec {
  let codec: Codec | undefined;
  return (value, way) => (codec ??= make())(value, way);
}

export const never: Codec = () => {
  throw new Mismatch('there is no value of this type');
};

export const nothing: Codec = (value) => {
  if (value !== null) throw expected('null', value);
  return null;
};

export const bool: Codec = (value) => {
  if (typeof value !== 'boolean') throw expected('a boolean', value);
  return value;
};

export const string: Codec = (value) => {
  if (typeof value !== 'string') throw expected('a string', value);
  // A lone half of a surrogate pair has no UTF-8 form.
  if (/[\ud800-\udfff]/u.test(value)) throw new Mismatch('the string is not well-formed Unicode');
  return value;
};

function matching(what: string, fits: (text: string) => boolean): Codec {
  return (value, way) => {
    const text = string(value, way) as string;
    if (!fits(text)) throw new Mismatch(`the string is not ${what}`);
    return text;
  };
}

export const char = matching('one character', (text) => Array.from(text).length === 1);

export const uuid = matching('a UUID', (text) =>
  /^(?:urn:uuid:)?(?:[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\})$/i.test(text),
);

export const decimal = matching('a decimal number', (text) => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text));

const DATE_TIME = /^([+-]?\d{4,})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):(\d\d))$/;

export const dateTime = matching('a date and time as RFC 3339 has them', (text) => {
  const match = DATE_TIME.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, ...time] = match.slice(1).map((part?: string) => Number(part ?? 0));
  // The largest hour, minute and second (a leap second), and the largest hour and minute of the offset.
  const highest = [23, 59, 60, 23, 59];
  return day > 0 && day <= daysOf(year, month) && time.every((part, index) => part <= (highest[index] ?? 0));
});

/** Returns the number of days of a month; 0 if there is no such month. */
function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

export const float: Codec = (value) => {
  // Integers beyond 2^53 are read as `bigint`, even where a float is expected.
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') throw expected('a number', value);
  if (!Number.isFinite(number)) throw new Mismatch(`${number} has no JSON form`);
  return number;
};

/** Numbers in the range of `f32`: inside tagged, untagged and flattened types, serde reads larger ones as infinity. */
export const f32: Codec = (value, way) => {
  const number = float(value, way) as number;
  if (way === 'write' && !Number.isFinite(Math.fround(number))) {
    // Final, as serde would not try another variant of an untagged enum.
    throw new Mismatch(`${number} is too large for 32 bits`, true);
  }
  return number;
};

/** Numbers of any size: integers beyond 2^53 - 1 are `bigint`. */
export const number: Codec = (value, way) => (typeof value === 'bigint' ? value : float(value, way));

/** Returns the codec of integers that a `number` represents exactly. */
export function integer(lowest: number, highest: number): Codec {
  return (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw expected('an integer', value);
    if (typeof value === 'number' && !Number.isInteger(value)) throw new Mismatch(`expected an integer, got ${value}`);
    if (value < lowest || value > highest) throw new Mismatch(`the integer is not in ${lowest} to ${highest}`);
    // JSON has no integer -0: `+ 0` turns -0 into 0.
    return Number(value) + 0;
  };
}

export const i8 = /* @__PURE__ */ integer(-0x80, 0x7f);
export const i16 = /* @__PURE__ */ integer(-0x8000, 0x7fff);
export const i32 = /* @__PURE__ */ integer(-0x8000_0000, 0x7fff_ffff);
export const u8 = /* @__PURE__ */ integer(0, 0xff);
export const u16 = /* @__PURE__ */ integer(0, 0xffff);
export const u32 = /* @__PURE__ */ integer(0, 0xffff_ffff);

/** Any JSON. */
export const any: Codec = (value, way) => {
  switch (typeof value) {
    case 'string':
      return string(value, way);
    case 'number':
      return float(value, way);
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return array(any)(value, way);
      if ('toJSON' in value && typeof value.toJSON === 'function') return any(value.toJSON(), way);
      if (isItsMembers(value)) return map('string', any)(value, way);
      throw new Mismatch(`${nameOf(value)} has no JSON form`);
    default:
      throw new Mismatch(`${nameOf(value)} has no JSON form`);
  }
};

export function nullable(inner: Codec): Codec {
  return (value, way) => (value === null ? null : inner(value, way));
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw expected('an array', value);
  return value;
}

export function array(item: Codec): Codec {
  // `map` would skip holes.
  return (value, way) => Array.from(list(value), (part: unknown, index) => within(index, () => item(part, way)));
}

export function tuple(...items: readonly Codec[]): Codec {
  return (value, way) => {
    const parts = list(value);
    if (parts.length !== items.length) throw new Mismatch(`expected ${items.length} items, got ${parts.length}`);
    return items.map((item, index) => within(index, () => item(parts[index], way)));
  };
}

export function fixed(item: Codec, length: number): Codec {
  return tuple(...Array.from({ length }, () => item));
}

/** Returns the codec of an enum of strings or of integers. */
export function oneOf(values: { readonly [name: string]: string | number }): Codec {
  const all = Object.values(values);
  const kind = typeof all[0] === 'number' ? 'number' : 'string';
  return (value) => {
    if (typeof value !== kind) throw expected(`a ${kind}`, value);
    if (!all.includes(value as string | number)) throw new Mismatch(`the ${kind} is none of ${quoted(all)}`);
    return value;
  };
}

/** The type of the keys of a map; for an enum, its codec. */
export type Key = 'string' | 'signed' | 'unsigned' | Codec;

const KEYS: { readonly [key in Exclude<Key, Codec>]: RegExp } = { string: /^/, signed: /^(?:0|-?[1-9]\d*)$/, unsigned: /^(?:0|[1-9]\d*)$/ };

export function map(key: Key, values: Codec): Codec {
  return (value, way) => {
    const entries: Members = {};
    for (const [name, member] of members(value)) {
      if (typeof key === 'function') within(name, () => key(name, way));
      else if (!KEYS[key].test(name)) throw new Mismatch(`the key ${JSON.stringify(name)} is not an integer`);
      put(entries, name, within(name, () => values(member, way)));
    }
    return entries;
  };
}

/** The rule for further members of an object. Default: they are ignored. */
export type Rest = Codec | 'denied' | undefined;

/** Returns the codec of an object with these fields. */
export function struct(required: Codecs, optional: Codecs = {}, rest?: Rest): Codec {
  return (value, way) => {
    const given = new Map(members(value));
    const result = take(given, required, optional, way);
    if (rest !== undefined) putRest(result, given, rest, way);
    return result;
  };
}

/** A union that is flattened into an object, and the members that it may have. */
export interface Flattened {
  readonly union: Codec;
  readonly keys: readonly string[];
  readonly optional?: true;
}

/** Returns the codec of an object with these fields and flattened unions. */
export function flat(required: Codecs, optional: Codecs, unions: readonly Flattened[], rest?: Rest): Codec {
  return (value, way) => {
    const given = new Map(members(value));
    const result = take(given, required, optional, way);
    for (const { union, keys, optional: mayBeAbsent } of unions) {
      const own: Members = {};
      for (const key of keys) {
        if (given.has(key)) put(own, key, given.get(key));
        given.delete(key);
      }
      if (mayBeAbsent === true && Object.keys(own).length === 0) continue;
      for (const [name, member] of members(union(own, way))) put(result, name, member);
    }
    if (rest !== undefined) putRest(result, given, rest, way);
    return result;
  };
}

/** Moves the fields from `given` to the result, through their codecs. */
function take(given: Map<string, unknown>, required: Codecs, optional: Codecs, way: Way): Members {
  const result: Members = {};
  for (const [name, codec] of Object.entries(required)) {
    if (!given.has(name)) throw new Mismatch(`the field ${JSON.stringify(name)} is missing`);
    put(result, name, within(name, () => codec(given.get(name), way)));
    given.delete(name);
  }
  for (const [name, codec] of Object.entries(optional)) {
    if (!given.has(name)) continue;
    put(result, name, within(name, () => codec(given.get(name), way)));
    given.delete(name);
  }
  return result;
}

function putRest(result: Members, given: Map<string, unknown>, rest: Codec | 'denied', way: Way): void {
  if (rest === 'denied') {
    for (const name of given.keys()) throw new Mismatch(`the field ${JSON.stringify(name)} is unknown`);
    return;
  }
  const others: Members = {};
  for (const [name, member] of given) put(others, name, member);
  for (const [name, member] of members(rest(others, way))) put(result, name, member);
}

/** Returns the codec of a union like `"Unit"` or `{"Variant": content}`. */
export function external(units: readonly string[], variants: Codecs): Codec {
  const all = (): string => quoted([...units, ...Object.keys(variants)]);
  return (value, way) => {
    if (typeof value === 'string') {
      if (!units.includes(value)) throw new Mismatch(`the string is none of the variants ${all()}`);
      return value;
    }
    const [first, ...others] = members(value);
    if (first === undefined || others.length > 0) throw new Mismatch(`expected one member, of the variants ${all()}`);
    const [name, content] = first;
    const codec = variants[name];
    if (codec === undefined || !Object.keys(variants).includes(name)) {
      throw new Mismatch(`${JSON.stringify(name)} is none of the variants ${all()}`);
    }
    const result: Members = {};
    put(result, name, within(name, () => codec(content, way)));
    return result;
  };
}

/** Returns the codec of a union like `{"<tag>": "Variant", …members of the content}`. */
export function internal(tag: string, variants: Codecs): Codec {
  const all = (): string => quoted(Object.keys(variants));
  return (value, way) => {
    const given = new Map(members(value));
    if (!given.has(tag)) throw new Mismatch(`the tag ${JSON.stringify(tag)} is missing`);
    const name = given.get(tag);
    if (typeof name !== 'string') throw expected('a string', name).under(tag);
    const codec = Object.keys(variants).includes(name) ? variants[name] : undefined;
    if (codec === undefined) throw new Mismatch(`the string is none of the variants ${all()}`).under(tag);
    given.delete(tag);
    const content: Members = {};
    for (const [member, part] of given) put(content, member, part);
    const result: Members = {};
    put(result, tag, name);
    for (const [member, part] of members(codec(content, way))) put(result, member, part);
    return result;
  };
}

/** Returns the codec of a union without tags: the first variant that fits, as in serde. */
export function untagged(...variants: readonly Codec[]): Codec {
  return (value, way) => {
    for (const variant of variants) {
      try {
        return variant(value, way);
      } catch (error) {
        if (!(error instanceof Mismatch) || error.isFinal) throw error;
      }
    }
    throw new Mismatch(`${nameOf(value)} like this is none of the variants`);
  };
}

/** Returns the members of an object, without those that are `undefined`. */
function members(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || !isItsMembers(value)) throw expected('an object', value);
  return Object.entries(value as Members).filter(([, member]) => member !== undefined);
}

/** Sets a member. An assignment to `__proto__` would change the prototype. */
function put(object: Members, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
  } else {
    object[name] = value;
  }
}

function quoted(names: readonly (string | number)[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
