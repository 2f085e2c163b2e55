/** The codes of {@link RpcError}s below 1000. Codes of the application are 1000 to 1999. */
export declare const codes: {
    /** The params do not decode; the message names the field. */
    readonly INVALID_PARAMS: 400;
    /** The method needs a user and the caller is anonymous. */
    readonly UNAUTHENTICATED: 401;
    /** The caller may not call the method. */
    readonly PERMISSION_DENIED: 403;
    /** The service has no such method. */
    readonly METHOD_NOT_FOUND: 404;
    /** The deadline passed; the method was cancelled. */
    readonly DEADLINE_EXCEEDED: 408;
    /** The params or the result are over a limit. */
    readonly TOO_LARGE: 413;
    /** A limit was reached; the method never ran. */
    readonly OVERLOADED: 429;
    /** The call was cancelled. */
    readonly CANCELLED: 499;
    /** The method failed; the details are in the worker's log only. */
    readonly INTERNAL: 500;
    /** The service is shutting down; the method never ran. */
    readonly UNAVAILABLE: 503;
    /** The worker that had the call is gone; whether the method ran is unknown. */
    readonly WORKER_LOST: 504;
};
/**
 * The base class of all errors of this package. Only an aborted call rejects with another error: the reason of its
 * `AbortSignal`.
 */
export declare class CentrifugoRPCError extends Error {
    name: string;
    constructor(message: string, cause?: unknown);
    /** Whether a retry is safe and useful: the method certainly never ran, and the same call may succeed later. */
    get isRetryable(): boolean;
    /**
     * Whether the call timed out. Either the worker detects it ({@link RpcError} of code 408) or this client
     * ({@link RpcTimeoutError}); which one is first depends on timing.
     */
    get isTimeout(): boolean;
}
/**
 * The error reply to a call, in most cases from the worker. Two errors do not come from a worker: 413 comes from this
 * client, for a request larger than Centrifugo's message size limit, and 429 from Centrifugo, over its rate limit.
 */
export declare class RpcError extends CentrifugoRPCError {
    name: string;
    /** One of {@link codes}, or a code of the application: 1000 to 1999. */
    readonly code: number;
    /** Machine-readable details; `undefined` if there are none. */
    readonly data: unknown;
    constructor(code: number, message: string, data?: unknown);
    /** True for 429 and 503: the method never ran. After 504, only calls of idempotent methods may be repeated. */
    get isRetryable(): boolean;
    get isTimeout(): boolean;
}
/**
 * No reply arrived within the timeout of a call: no worker is running, or the request or its reply was lost. If a
 * method runs out of time, the worker replies with an {@link RpcError} of code 408 instead.
 */
export declare class RpcTimeoutError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    readonly timeoutMs: number;
    /** Whether the request was sent, so that the method may have run. */
    readonly published: boolean;
    constructor(method: string, timeoutMs: number, published: boolean);
    /** True if the request was never sent. */
    get isRetryable(): boolean;
    get isTimeout(): boolean;
}
/**
 * The cause of a {@link ConnectionError}: `config`, an argument of this client; `setup`, the token or Centrifugo's
 * configuration (the message names the fix); `unreachable`, the network or a Centrifugo that is not running; `closed`,
 * the end of the client; `other`, anything else.
 */
export type ConnectionErrorKind = 'config' | 'setup' | 'unreachable' | 'closed' | 'other';
/** There is no connection to Centrifugo, the connection ended permanently, or Centrifugo refused the request. */
export declare class ConnectionError extends CentrifugoRPCError {
    name: string;
    readonly kind: ConnectionErrorKind;
    constructor(kind: ConnectionErrorKind, message: string, cause?: unknown);
}
/** An argument cannot work. Thrown before anything is sent. */
export declare class ConfigError extends CentrifugoRPCError {
    name: string;
}
/** The params do not have the declared type, or have no JSON form. Nothing was sent. */
export declare class EncodeError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    /** The place in the params, like `filter.tags[2]`; empty for the params themselves. */
    readonly path: string;
    constructor(method: string, path: string, reason: string, cause?: unknown);
}
/**
 * The method ran, but its result does not have the declared type: this client was generated from another version of the
 * service.
 */
export declare class DecodeError extends CentrifugoRPCError {
    name: string;
    readonly method: string;
    /** The place in the result, like `items[2].id`; empty for the result itself. */
    readonly path: string;
    constructor(method: string, path: string, reason: string);
}
/**
 * Thrown by a token function when there will be no further token, for example because the user has logged out. It ends
 * the client. After any other error, the client calls the function again.
 */
export declare class UnauthorizedError extends CentrifugoRPCError {
    name: string;
    constructor(message?: string, cause?: unknown);
}
