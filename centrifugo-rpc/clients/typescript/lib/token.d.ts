/**
 * A connection token, a JWT for Centrifugo, or where to get one. A function is asked for every new connection and before a token
 * expires. When it fails, it is asked again after a while, unless it threw an `UnauthorizedError`. The empty string is no token, for
 * a Centrifugo that takes anonymous connections.
 */
export type TokenSource = string | (() => string | Promise<string>);
/** Refuses the IDs of users that cannot have a reply channel: Centrifugo separates the users of a channel by these characters. */
export declare function checkUser(user: string): void;
/** What is wrong with a token for `user`, if anything. Centrifugo verifies tokens; here they are only read. */
export declare function wrongUser(token: string, user: string): string | undefined;
