// Our program as users get it: built, packed, and installed from the tarballs in an empty folder of its own.
// For cold start and memory, where running from TypeScript sources is not what a user meets. The building is
// scripts/build-packages.ts; that the result is right is test/packed.test.ts.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackages } from '../scripts/build-packages.ts'

export type PackedProgram = { main: string; remove: () => void }

/** Throws where npm cannot install what the packages depend on, for example without a network. */
export function installPacked(): PackedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-packed-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const tarballs = buildPackages(join(folder, 'staged')).map((staged) => {
      const answer = npm(staged.folder, 'pack', '--json', '--pack-destination', folder)
      const [{ filename }] = JSON.parse(answer) as [{ filename: string }]
      return join(folder, filename)
    })
    const project = join(folder, 'project')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }')
    npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...tarballs)
    return { main: join(project, 'node_modules', 'countersign', 'dist', 'main.js'), remove }
  } catch (error) {
    remove()
    throw error
  }
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
