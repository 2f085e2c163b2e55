export { type Caller, CentrifugoRPCClient } from './client.js';
export { type Contract, ContractMismatchError } from './contract.js';
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
export type { CallOptions, ClientEvent, ClientOptions, ClientState, WebSocketConstructor } from './options.js';
export type { TokenSource } from './token.js';
