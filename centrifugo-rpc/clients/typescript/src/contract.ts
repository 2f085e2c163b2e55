import { CentrifugoRPCError } from './errors.js';

/** The service has another contract than the one this client was generated from. */
export class ContractMismatchError extends CentrifugoRPCError {
  override name = 'ContractMismatchError';
  /** The hash of the contract that this client was generated from. */
  readonly expected: string;
  /** The hash of the contract that the service has. */
  readonly actual: string;

  constructor(expected: string, actual: string) {
    super(`this client was generated from the contract ${expected}, but the service has ${actual}: generate the client again`);
    this.expected = expected;
    this.actual = actual;
  }
}

/** The identity of a service's contract. */
export interface Contract {
  /** The hash of names and types. Descriptions do not change it. */
  readonly hash: string;
  /** The version of the protocol. */
  readonly version: number;
}
