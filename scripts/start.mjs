// `npm start`: installs what is missing and serves. `npm start -- --port 0` passes arguments on.
// The server is packages/server and its command is packages/cli; the installing is bootstrap.mjs.

import { runOnModernNode } from './bootstrap.mjs'

runOnModernNode('packages/cli/src/main.ts', ['serve', ...process.argv.slice(2)])
