// `npm run build`: stages all packages in dist/, one folder each, and says where. `npm pack` in a folder makes its tarball.
// What staging means is build-packages.ts.

import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { buildPackages } from './build-packages.ts'

const target = join(import.meta.dirname, '..', 'dist')
rmSync(target, { recursive: true, force: true })
for (const staged of buildPackages(target)) {
  console.log(`${staged.name} ${staged.version}  ${relative(process.cwd(), staged.folder)}`)
}
