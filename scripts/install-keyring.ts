// Gets the keyring of the tests onto a Linux machine where that is one step; where it is not, the tests that need it
// are skipped and say why. Using it is test/support/keyring.ts.

import { spawnSync } from 'node:child_process'
import { keyringMissing } from '../test/support/keyring.ts'

export function installKeyring(say: (line: string) => void): void {
  if (keyringMissing() === undefined || process.platform !== 'linux' || process.getuid?.() !== 0) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const packages = ['gnome-keyring', 'dbus-daemon']
  say(`Installing ${packages.join(', ')} for the keychain tests`)
  const commands = [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...packages],
  ]
  for (const args of commands) {
    const { error, status } = spawnSync('apt-get', args, { stdio: 'ignore', env, timeout: 5 * 60_000 })
    if (error !== undefined || status !== 0) {
      say(`apt-get ${args[0]} failed; the keychain tests are skipped`)
      return
    }
  }
}
