import { CentrifugoRPCError } from './errors.js';

/** The service has another contract than this client was generated from. */
export class ContractMismatchError extends CentrifugoRPCError {
  override name = 'ContractMismatchError';
  /** The hash of the contract that this client was generated from. */
  readonly expected: string;
  /** The hash of the service's own. */
  readonly actual: string;

  constructor(expected: string, actual: string) {
    super(`this client was generated from the contract ${expected}, but the service has ${actual}: generate the client again`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** What a service says of its contract. */
export interface Contract {
  /** Changes with names and shapes, not with descriptions. */
  readonly hash: string;
  /** The version of the protocol. */
  readonly version: number;
}
