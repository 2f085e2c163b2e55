/**
 * A connection token (a JWT for Centrifugo), or a function that returns one. The client calls the function for each new
 * connection and before a token expires. If the function fails, the client calls it again after a while, unless it
 * threw an `UnauthorizedError`. The empty string stands for no token, for a Centrifugo that accepts anonymous
 * connections.
 */
export type TokenSource = string | (() => string | Promise<string>);
/** Rejects user IDs that cannot be part of a channel name, in which `#` and `,` separate users for Centrifugo. */
export declare function checkUser(user: string): void;
/**
 * Returns the reason why `token` cannot be a token of `user`, if there is one: Centrifugo would refuse it without a
 * reason. Only Centrifugo verifies tokens.
 */
export declare function tokenFlaw(token: string, user: string): string | undefined;
