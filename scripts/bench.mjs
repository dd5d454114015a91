// `npm run bench`: the benchmark on Node 24. What it measures is in bench/; the installing is bootstrap.mjs.
// Arguments go through: `npm run bench -- --quick`.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('bench/main.ts', process.argv.slice(2))
