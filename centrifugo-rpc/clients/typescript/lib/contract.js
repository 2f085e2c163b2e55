import { CentrifugoRPCError } from './errors.js';
/** The service has another contract than the one this client was generated from. */
export class ContractMismatchError extends CentrifugoRPCError {
    name = 'ContractMismatchError';
    /** The hash of the contract that this client was generated from. */
    expected;
    /** The hash of the contract that the service has. */
    actual;
    constructor(expected, actual) {
        super(`this client was generated from the contract ${expected}, but the service has ${actual}: generate the client again`);
        this.expected = expected;
        this.actual = actual;
    }
}
