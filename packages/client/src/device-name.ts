// What this computer is called in a person's list of devices, unless they say otherwise (`--device-name`).
// Not here: what else a program says of itself (device-code.ts).
import { hostname, userInfo } from 'node:os'
import { clean, UsageError } from './terminal/terminal.ts'

export function defaultDeviceName(): string {
  const name = clean(`${userName()}@${hostname()}`).slice(0, 80)
  if (name === '') throw new UsageError('--device-name is needed: this computer has no name of its own')
  return name
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A numeric user without an entry in passwd, as in many containers.
    return 'user'
  }
}
