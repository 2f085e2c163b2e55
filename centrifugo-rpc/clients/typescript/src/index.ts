export { type Caller, CentrifugoRPCClient, type ClientState } from './client.js';
export {
  CentrifugoRPCError,
  ConfigError,
  ConnectionError,
  type ConnectionErrorKind,
  DecodeError,
  EncodeError,
  RpcError,
  RpcTimeoutError,
  UnauthorizedError,
  codes,
} from './errors.js';
export type { WebSocketConstructor } from './link.js';
export type { CallOptions, ClientEvent, ClientOptions } from './options.js';
export type { TokenSource } from './token.js';
export { type Contract, ContractMismatchError } from './typed.js';
