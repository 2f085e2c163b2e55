//! Reserved identifiers of TypeScript.

/// Names that the generated package itself exports. A type with such a name gets the suffix `Model`.
pub(crate) const RUNTIME: [&str; 22] = [
    "APIClient",
    "CONTRACT_HASH",
    "CallOptions",
    "Caller",
    "CentrifugoRPCClient",
    "CentrifugoRPCError",
    "ClientEvent",
    "ClientOptions",
    "ClientState",
    "ConfigError",
    "ConnectionError",
    "ConnectionErrorKind",
    "Contract",
    "ContractMismatchError",
    "DecodeError",
    "EncodeError",
    "RpcError",
    "RpcTimeoutError",
    "TokenSource",
    "UnauthorizedError",
    "WebSocketConstructor",
    "codes",
];

/// Names that types cannot have: the declarations themselves use `Omit`, and compilers write `Object` into `CommonJS`
/// modules.
pub(crate) const TYPES: [&str; 2] = ["Object", "Omit"];

/// Names that methods of a class cannot have, or that would change what its objects are.
pub(crate) const METHODS: [&str; 10] = [
    "checkContract",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
];
