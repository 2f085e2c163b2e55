/**
 * Binds the methods of `prototype` to `object`, so that they may be passed on as functions. The properties are not
 * enumerable: copies and logs of the object leave them out.
 */
export function bindMethods(object: object, prototype: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    // A subclass may have a method of its own.
    const method = (object as { readonly [name: string]: () => unknown })[name];
    Object.defineProperty(object, name, { value: method?.bind(object), configurable: true, writable: true });
  }
}
