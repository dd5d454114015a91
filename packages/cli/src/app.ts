// What the `countersign` program is to the sign-in library: an app like any other, with no door of its own.
// Not here: its commands (program.ts).
import { readFileSync } from 'node:fs'
import { createApp } from '@countersign/client/app'

export const app = createApp({
  clientId: 'countersign-cli',
  appName: 'Countersign',
  issuer: 'http://localhost:4000',
  network: 'process',
  version: ownVersion(),
})

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return '0.0.0'
  return String(manifest.version)
}
