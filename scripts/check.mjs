// `npm run check`: the quick half of `npm test`, without browser and PostgreSQL, for every save.
// Which files are quick is decided by their names, in run-tests.ts; the installing is bootstrap.mjs.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('scripts/run-tests.ts', ['--quick', ...process.argv.slice(2)])
