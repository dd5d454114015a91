// `npm test`: installs what is missing and runs everything that can fail. `npm test -- tree` runs the files so named.
// The running is run-tests.ts; the installing is bootstrap.mjs.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('scripts/run-tests.ts', process.argv.slice(2))
