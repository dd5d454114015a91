// What a user of the published packages gets: each one is built, packed, installed alone in an empty project and imported.
// The building is scripts/build-packages.ts, the packing and installing scripts/pack-packages.ts.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Manifest, publishedManifest, workspaces } from '../scripts/build-packages.ts'
import { installInEmptyProject, type Packed, packPackages } from '../scripts/pack-packages.ts'
import { importsOf } from './support/source-text.ts'

const root = join(import.meta.dirname, '..')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const packages = workspaces()
const ours = new Set(packages.map((workspace) => workspace.manifest.name))

let folder = ''
let packed = new Map<string, Packed>()

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-packed-'))
  packed = new Map(packPackages(folder).map((one) => [one.name, one]))
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('a package.json is published with dist where the repository has src', () => {
  const published = publishedManifest({
    name: 'x',
    version: '1.0.0',
    private: true,
    exports: { '.': './src/index.ts', './style.css': './src/pages/style.css' },
    bin: { x: './src/main.ts' },
    devDependencies: { y: '1' },
  })
  assert.deepEqual(published, {
    name: 'x',
    version: '1.0.0',
    exports: { '.': './dist/index.js', './style.css': './dist/pages/style.css' },
    bin: { x: './dist/main.js' },
  })
  assert.throws(() => publishedManifest({ name: 'x', version: '1.0.0', exports: { '.': './src/a.test.ts' } }))
})

test('all packages carry one version, and ask for each other in exactly that version', () => {
  const versions = new Set(packages.map((workspace) => workspace.manifest.version))
  assert.equal(versions.size, 1, `versions: ${[...versions].join(', ')}`)
  for (const { manifest } of packages) {
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      if (ours.has(name)) assert.equal(range, manifest.version, `${manifest.name} asks for ${name} ${range}`)
    }
  }
})

for (const { manifest } of packages) {
  describe(manifest.name, () => {
    const project = () => join(folder, 'projects', manifest.name.replace('/', '-'))

    test('the tarball holds what is meant to be published and nothing else', () => {
      const files = filesOf(packed.get(manifest.name)?.tarball ?? '')
      for (const needed of ['package.json', 'README.md', 'LICENSE']) {
        assert.ok(files.includes(needed), `${needed} is missing`)
      }
      const stray = files.filter((file) => !/^(package\.json|README\.md|LICENSE|dist\/.*)$/.test(file))
      assert.deepEqual(stray, [])
      const unwanted = files.filter((file) => /\.test\.|(?<!\.d)\.ts$|\.tsbuildinfo$|\.map$/.test(file))
      assert.deepEqual(unwanted, [])
    })

    test('installs alone, and every export imports under Node', () => {
      installAlone(manifest.name, project())
      const imports = moduleExports(manifest).map((name) => `await import(${JSON.stringify(name)})`)
      const probe = `const found = [${imports.join(', ')}]; console.log(JSON.stringify(found.map((m) => Object.keys(m).length)))`
      const result = spawnSync(process.execPath, ['--input-type=module', '-e', probe], {
        cwd: project(),
        encoding: 'utf8',
      })
      assert.equal(result.status, 0, result.stderr)
      assert.equal((JSON.parse(result.stdout) as number[]).length, imports.length)
    })

    test('every export has types that a strict consumer compiles against', () => {
      const lines = moduleExports(manifest).map(
        (name, at) => `import type * as e${at} from '${name}'\nexport type E${at} = keyof typeof e${at}`,
      )
      writeFileSync(join(project(), 'consumer.ts'), lines.join('\n'))
      const flags = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--skipLibCheck']
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
      const result = spawnSync(process.execPath, [tsc, ...flags, ...types, 'consumer.ts'], {
        cwd: project(),
        encoding: 'utf8',
      })
      assert.equal(result.status, 0, result.stdout)
    })

    test('declarations name only files that are published', () => {
      const dist = join(project(), 'node_modules', manifest.name, 'dist')
      for (const file of globSync('**/*.d.ts', { cwd: dist })) {
        for (const { from } of importsOf(readFileSync(join(dist, file), 'utf8'))) {
          if (!from.startsWith('.')) continue
          const target = join(dist, dirname(file), from)
          assert.match(from, /\.js$/, `${file} names ${from}`)
          assert.ok(existsSync(target), `${file} names ${from}, which is not there`)
        }
      }
    })

    for (const [program] of Object.entries(manifest.bin ?? {})) {
      test(`the program ${program} runs and explains itself`, () => {
        const bin = join(project(), 'node_modules', '.bin', program)
        const result = spawnSync(bin, ['--help'], { cwd: project(), encoding: 'utf8' })
        assert.equal(result.status, 0, result.stderr)
        assert.match(result.stdout, new RegExp(`\\b${program}\\b`))
      })
    }
  })
}

test('the countersign package brings the countersign program', () => {
  const cli = packages.find(({ manifest }) => manifest.name === 'countersign')
  assert.ok(cli?.manifest.bin?.countersign !== undefined, 'packages/cli/package.json has no bin')
})

/** An empty project with this package and, from the sibling tarballs, those of ours that it depends on. */
function installAlone(name: string, project: string): void {
  const wanted = [...closure(name)].map((one) => packed.get(one)?.tarball ?? '')
  installInEmptyProject(project, wanted)
  const links = globSync('node_modules/{@countersign/,}*', { cwd: project }).filter((one) =>
    ours.has(one.slice(13)),
  )
  assert.equal(links.length, closure(name).size)
  for (const link of links)
    assert.ok(!existsSync(join(project, link, 'src')), `${link} comes from the repository`)
}

function closure(name: string): Set<string> {
  const found = new Set<string>()
  const visit = (one: string) => {
    found.add(one)
    for (const next of Object.keys(packed.get(one)?.manifest.dependencies ?? {})) {
      if (ours.has(next) && !found.has(next)) visit(next)
    }
  }
  visit(name)
  return found
}

/** The names under which a package's JavaScript is imported. */
function moduleExports(manifest: Manifest): string[] {
  return Object.entries(manifest.exports ?? {})
    .filter(([, file]) => file.endsWith('.ts'))
    .map(([subpath]) => join(manifest.name, subpath))
}

function filesOf(tarball: string): string[] {
  const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  return names.map((name) => name.replace(/^package\//, ''))
}

/** So that a skeleton does not pass for a package. */
test('each package exports something', () => {
  for (const { folder: at, manifest } of packages) {
    const entry = join(at, manifest.exports?.['.'] ?? 'missing')
    assert.ok(
      existsSync(entry) && /\bexport\b/.test(readFileSync(entry, 'utf8')),
      `${manifest.name} exports nothing`,
    )
  }
})
