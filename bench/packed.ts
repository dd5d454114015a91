// Our program as users get it: packed and installed in an empty folder of its own. For cold start and memory, where
// running from TypeScript sources is not what a user meets. The packing is scripts/pack-packages.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installInEmptyProject, packPackages } from '../scripts/pack-packages.ts'

export type PackedProgram = { main: string; remove: () => void }

/** Throws where the packages cannot be installed. */
export function installPacked(): PackedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-packed-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const project = join(folder, 'project')
    const tarballs = packPackages(folder).map(({ tarball }) => tarball)
    installInEmptyProject(project, tarballs)
    return { main: join(project, 'node_modules', 'countersign', 'dist', 'main.js'), remove }
  } catch (error) {
    remove()
    throw error
  }
}
