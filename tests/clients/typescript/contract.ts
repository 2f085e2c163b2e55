// The check of the contract, with a hash of the caller's own: a client that was generated from another contract.

import { type Caller, type Contract, ContractMismatchError } from './sdk/index.js';
// @ts-expect-error The package declares what its callers see, which this is not.
import { checkContract } from './sdk/runtime/typed.js';

export { ContractMismatchError };

export function checkContractOf(rpc: Caller, hash: string): Promise<Contract> {
  return checkContract(rpc, hash, undefined) as Promise<Contract>;
}
