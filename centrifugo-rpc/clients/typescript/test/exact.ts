// Puts the exact wire format in the place of the plain one, in a copy of the build: the same tests then run on both.

import { cpSync, rmSync } from 'node:fs';

rmSync('build-exact', { recursive: true, force: true });
cpSync('build', 'build-exact', { recursive: true });
cpSync('build/src/wire.exact.js', 'build-exact/src/wire.js');
