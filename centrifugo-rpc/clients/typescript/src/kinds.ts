// Kinds of values. `JSON.stringify` writes only the members of an object, so that a `Map`, a promise or an `Error` would
// become `{}`.

/** Whether the members of an object are all of its contents, as for instances of the program's own classes. */
export function isItsMembers(value: object): boolean {
  const kind = kindOf(value);
  return kind === 'Object' || kind === 'Module';
}

/** Returns the kind of a value, for messages, which never contain the value itself. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  if (isItsMembers(value)) return 'an object';
  const kind = kindOf(value);
  return `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
