// `npm run countersign -- login`: the program from this clone, on Node 24 whatever Node the machine has.
// The program is packages/cli; the installing is bootstrap.mjs.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('packages/cli/src/main.ts', process.argv.slice(2))
