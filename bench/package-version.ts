// The version of an installed package, for the report.
// Our own version is read in ours.ts.
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

export function packageVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url)
  if (file === undefined) return 'of unknown version'
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}
