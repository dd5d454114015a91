// Our packages as users get them: built, packed as tarballs, and installed by npm in an empty project.
// Building them is build-packages.ts; that the result is right is test/packed.test.ts.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPackages, type Staged } from './build-packages.ts'

export type Packed = Staged & { tarball: string }

/** Builds all packages and packs each one; everything that is made is below `target`. */
export function packPackages(target: string): Packed[] {
  return buildPackages(join(target, 'staged')).map((staged) => {
    const answer = npm(staged.folder, 'pack', '--json', '--pack-destination', target)
    const [{ filename }] = JSON.parse(answer) as [{ filename: string }]
    return { ...staged, tarball: join(target, filename) }
  })
}

/** Throws where npm cannot install what the packages depend on, for example without a network. */
export function installInEmptyProject(project: string, tarballs: readonly string[]): void {
  mkdirSync(project, { recursive: true })
  const manifest = { name: 'empty', private: true, type: 'module' }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...tarballs)
}

/** npm from wherever this run was started, on the machine's own Node. */
function npm(cwd: string, ...args: string[]): string {
  const result = spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
  if (result.error !== undefined) throw result.error
  if (result.status !== 0) throw new Error(`npm ${args.join(' ')}\n${result.stdout}${result.stderr}`)
  return result.stdout
}
