// The scenarios of tests/clients/README.md, in TypeScript. `./sdk` is the generated client; the tests put it there.

import * as calls from './calls.js';
import * as connections from './connections.js';
import * as protocol from './protocol.js';
import { closeAll } from './world.js';

const scenarios: { readonly [name: string]: () => Promise<void> } = { ...calls, ...connections, ...protocol };
/** Longer than the slowest scenario takes. */
const PATIENCE_MS = 60_000;

async function run(name: string, scenario: () => Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([scenario(), late]);
    console.log(`ok ${name}`);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    console.log(`FAILED ${name}: ${reason.replace(/\s*\n\s*/g, ' | ')}`);
    return false;
  } finally {
    clearTimeout(timer);
    await closeAll();
  }
}

const [only] = process.argv.slice(2);
const chosen = Object.entries(scenarios).filter(([name]) => only === undefined || name === only);
let allPassed = chosen.length > 0;
for (const [name, scenario] of chosen) allPassed = (await run(name, scenario)) && allPassed;
process.exitCode = allPassed ? 0 : 1;
