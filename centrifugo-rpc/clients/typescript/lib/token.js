import { ConfigError } from './errors.js';
import { decodeUtf8 } from './utf8.js';
/** Rejects user IDs that cannot be part of a channel name, in which `#` and `,` separate users for Centrifugo. */
export function checkUser(user) {
    if (typeof user !== 'string') {
        throw new ConfigError('the user ID is missing: give the `sub` of the token, or "" for an anonymous caller');
    }
    if (!/^[\x20-\x7e]*$/.test(user) || /[,#]/.test(user)) {
        throw new ConfigError(`the user ID ${JSON.stringify(user.slice(0, 64))} cannot own a reply channel: Centrifugo's user-limited channels allow no ` +
            '`,`, no `#`, no control and no non-ASCII characters in it; use another ID for this user as the `sub` of the token');
    }
}
/**
 * Returns the reason why `token` cannot be a token of `user`, if there is one: Centrifugo would refuse it without a
 * reason. Only Centrifugo verifies tokens.
 */
export function tokenFlaw(token, user) {
    // Centrifugo ignores line feeds at the end.
    const [strange] = /^bearer |[^\w.-]/i.exec(token.replace(/[\r\n]+$/, '')) ?? [];
    if (strange !== undefined)
        return `the token contains ${JSON.stringify(strange)}, which no JWT contains: give the JWT alone`;
    const claims = claimsOf(token);
    if (claims === undefined)
        return undefined;
    for (const name of ['exp', 'nbf', 'iat']) {
        const time = claims[name] ?? 0;
        if (typeof time === 'object' || typeof time === 'boolean' || Number.isNaN(Number(time))) {
            return `the token's \`${name}\` is ${shown(time)}, which is not a number: sign tokens whose \`${name}\` is in seconds since 1970`;
        }
    }
    // Without a `sub`, the user is the anonymous one.
    const subject = claims['sub'] ?? '';
    if (typeof subject !== 'string') {
        return `the token's \`sub\` is ${shown(subject)}, which is not a string: sign tokens whose \`sub\` is the user ID as text, like "42"`;
    }
    if (subject === user)
        return undefined;
    return `the token is for user ${JSON.stringify(subject)}, but the client is for user ${JSON.stringify(user)}: a client belongs to one user, make a new one`;
}
function shown(claim) {
    return JSON.stringify(claim).slice(0, 64);
}
/** Returns the claims of the token; `undefined` if it is not a readable JWT. */
function claimsOf(token) {
    const parts = token.split('.');
    if (parts.length !== 3)
        return undefined;
    try {
        const binary = atob((parts[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'));
        const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
        const claims = JSON.parse(decodeUtf8(bytes));
        return typeof claims === 'object' && claims !== null ? claims : undefined;
    }
    catch {
        return undefined;
    }
}
