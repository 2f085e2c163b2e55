import { ConfigError } from './errors.js';
import { decodeUtf8 } from './utf8.js';

/**
 * A connection token (a JWT for Centrifugo), or a function that returns one. The client calls the function for each new
 * connection and before a token expires. If the function fails, the client calls it again after a while, unless it
 * threw an `UnauthorizedError`. The empty string stands for no token, for a Centrifugo that accepts anonymous
 * connections.
 */
export type TokenSource = string | (() => string | Promise<string>);

/** Rejects user IDs that cannot be part of a channel name, in which `#` and `,` separate users for Centrifugo. */
export function checkUser(user: string): void {
  if (typeof user !== 'string') {
    throw new ConfigError('the user ID is missing: give the `sub` of the token, or "" for an anonymous caller');
  }
  if (!/^[\x20-\x7e]*$/.test(user) || /[,#]/.test(user)) {
    throw new ConfigError(
      `the user ID ${JSON.stringify(user.slice(0, 64))} cannot own a reply channel: Centrifugo's user-limited channels allow no ` +
        '`,`, no `#`, no control and no non-ASCII characters in it; use another ID for this user as the `sub` of the token',
    );
  }
}

/** Returns the reason why `token` is not for `user`, if there is one. Only Centrifugo verifies tokens. */
export function wrongUser(token: string, user: string): string | undefined {
  const subject = subjectOf(token);
  if (subject === undefined || subject === user) return undefined;
  if (typeof subject !== 'string') {
    const shown = JSON.stringify(subject).slice(0, 64);
    return `the token's \`sub\` is ${shown}, which is not a string: sign tokens whose \`sub\` is the user ID as text, like "42"`;
  }
  return `the token is for user ${JSON.stringify(subject)}, but the client is for user ${JSON.stringify(user)}`;
}

/**
 * Returns the `sub` claim, or an empty string if there is none; `undefined` if the token is not a readable JWT.
 * Centrifugo accepts only strings as `sub`.
 */
function subjectOf(token: string): unknown {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const binary = atob((parts[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(decodeUtf8(bytes));
    if (typeof claims !== 'object' || claims === null) return undefined;
    return (claims as { sub?: unknown }).sub ?? '';
  } catch {
    return undefined;
  }
}
