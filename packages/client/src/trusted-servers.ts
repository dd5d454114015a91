// The servers that a person has said to trust although nobody has signed in to them here: one small file beside the
// credentials, asked only when a project file names a server. Not here: when it is asked (resolve.ts).
import { join } from 'node:path'
import { ensurePrivateDirectory, readPrivateFile, writePrivateFile } from './credential-file.ts'
import { parseObject } from './json.ts'
import type { System } from './system.ts'

export function trustedServers(directory: string): string[] {
  const file = readPrivateFile(pathIn(directory))
  // Unreadable means that nothing is trusted: the person is asked again.
  const servers = file === 'missing' ? undefined : parseObject(file.text)?.servers
  return Array.isArray(servers) ? servers.filter((server) => typeof server === 'string') : []
}

/** Two at once may lose one of them; then that one is asked for again. */
export function trustServer(directory: string, server: string, system: System): void {
  const servers = trustedServers(directory)
  if (servers.includes(server)) return
  ensurePrivateDirectory(directory)
  writePrivateFile(
    pathIn(directory),
    `${JSON.stringify({ servers: [...servers, server] }, null, 2)}\n`,
    system,
  )
}

const pathIn = (directory: string): string => join(directory, 'trusted-servers.json')
