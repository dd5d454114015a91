// Stages each workspace as it is published: JavaScript and declarations by tsc in dist/, the other files that src holds
// beside them, and a package.json whose exports and bin name dist instead of src. Tests stay behind.
// Checking that the result installs and imports is test/packed.test.ts.

import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** What this reads of a package.json; everything else is passed on as it is. */
export type Manifest = {
  name: string
  version: string
  exports?: Record<string, string>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  [other: string]: unknown
}

export type Workspace = { folder: string; manifest: Manifest }
export type Staged = { name: string; version: string; folder: string; manifest: Manifest }

/** Builds all packages into one folder each under `target`; throws with the compiler's words when one does not compile. */
export function buildPackages(target: string): Staged[] {
  const staged: Staged[] = []
  for (const workspace of inOrder(workspaces())) staged.push(stage(workspace, target, staged))
  return staged
}

/** The workspaces named by the root package.json. */
export function workspaces(): Workspace[] {
  const { workspaces: folders } = readJson(join(root, 'package.json')) as { workspaces: string[] }
  return folders.map((folder) => ({
    folder: join(root, folder),
    manifest: readJson(join(root, folder, 'package.json')) as Manifest,
  }))
}

/** A package after those it depends on, whose declarations it compiles against. */
function inOrder(all: Workspace[]): Workspace[] {
  const ordered: Workspace[] = []
  const visit = (workspace: Workspace) => {
    if (ordered.includes(workspace)) return
    for (const name of Object.keys(workspace.manifest.dependencies ?? {})) {
      const sibling = all.find((other) => other.manifest.name === name)
      if (sibling !== undefined) visit(sibling)
    }
    ordered.push(workspace)
  }
  all.forEach(visit)
  return ordered
}

function stage(workspace: Workspace, target: string, siblings: Staged[]): Staged {
  const { name, version } = workspace.manifest
  const folder = join(target, name.replace('@', '').replace('/', '-'))
  mkdirSync(join(folder, 'dist'), { recursive: true })
  compile(workspace, folder, siblings)
  nameDeclarations(join(folder, 'dist'))
  copyAssets(workspace, folder)
  const manifest = publishedManifest(workspace.manifest)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  cpSync(join(workspace.folder, 'README.md'), join(folder, 'README.md'))
  for (const program of Object.values(manifest.bin ?? {})) chmodSync(join(folder, program), 0o755)
  return { name, version, folder, manifest }
}

function compile(workspace: Workspace, folder: string, siblings: Staged[]): void {
  const source = join(workspace.folder, 'src')
  const paths: Record<string, string[]> = {}
  for (const sibling of siblings) {
    for (const [subpath, file] of Object.entries(sibling.manifest.exports ?? {})) {
      const declarations = join(sibling.folder, file.replace(/\.js$/, '.d.ts'))
      if (file.endsWith('.js')) paths[join(sibling.name, subpath)] = [declarations]
    }
  }
  const config = join(folder, 'tsconfig.build.json')
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: source,
      outDir: join(folder, 'dist'),
      typeRoots: [join(root, 'node_modules', '@types')],
      paths,
    },
    include: [source],
    exclude: [join(source, '**', '*.test.ts')],
  }
  writeFileSync(config, JSON.stringify(settings, null, 2))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = spawnSync(process.execPath, [tsc, '-p', config], { cwd: root, encoding: 'utf8' })
  rmSync(config)
  if (result.status !== 0) {
    throw new Error(`${workspace.manifest.name} does not compile:\n${result.stdout}${result.stderr}`)
  }
}

/** tsc rewrites `./x.ts` in JavaScript only; declarations that name a file which is not published confuse other tools. */
function nameDeclarations(dist: string): void {
  for (const file of globSync('**/*.d.ts', { cwd: dist })) {
    const path = join(dist, file)
    const specifier = /((?:\bfrom|\bimport\(|\bimport)\s*(['"])\.{1,2}\/[^'"\n]*)\.ts\2/g
    writeFileSync(path, readFileSync(path, 'utf8').replace(specifier, '$1.js$2'))
  }
}

function copyAssets(workspace: Workspace, folder: string): void {
  const source = join(workspace.folder, 'src')
  for (const entry of globSync('**/*', { cwd: source, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.ts')) continue
    const from = join(entry.parentPath, entry.name)
    const to = join(folder, 'dist', from.slice(source.length))
    mkdirSync(dirname(to), { recursive: true })
    cpSync(from, to)
  }
}

/** The package.json that is published: the sources' names become those of what was built from them. */
export function publishedManifest(manifest: Manifest): Manifest {
  const { devDependencies: _dev, scripts: _scripts, private: _private, ...kept } = manifest
  const built = (record: Record<string, string>) =>
    Object.fromEntries(Object.entries(record).map(([key, file]) => [key, builtName(manifest.name, file)]))
  const published: Manifest = { ...kept, name: manifest.name, version: manifest.version }
  if (manifest.exports !== undefined) published.exports = built(manifest.exports)
  if (manifest.bin !== undefined) published.bin = built(manifest.bin)
  return published
}

function builtName(name: string, file: string): string {
  if (!file.startsWith('./src/')) return file
  if (file.endsWith('.test.ts')) throw new Error(`${name} publishes a test: ${file}`)
  return file.replace('./src/', './dist/').replace(/\.ts$/, '.js')
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
