// `npm run build`: stages every package in dist/, ready for `npm pack`. Development and tests need no build.
// The building is build-packages.ts, which test/packed.test.ts uses too; the installing is bootstrap.mjs.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('scripts/build.ts', process.argv.slice(2))
