// Replaces the plain wire format with the exact one in a copy of the build, so that the same tests run on both.

import { cpSync, rmSync } from 'node:fs';

rmSync('build-exact', { recursive: true, force: true });
cpSync('build', 'build-exact', { recursive: true });
cpSync('build/src/sdk.exact.js', 'build-exact/src/sdk.js');
