// The protocol of docker credential helpers: one word as argument, a registry or JSON on stdin, JSON on stdout, and errors too.
// Pure. Not here: the token (helper-token.ts), docker's configuration (docker-config.ts).
import type { HelperToken } from './helper-token.ts'

export const dockerActions = ['get', 'store', 'erase', 'list'] as const

export function dockerAnswer(serverUrl: string, { token }: HelperToken, username: string): string {
  return JSON.stringify({ ServerURL: serverUrl, Username: username, Secret: token })
}

/** By these words docker knows that there is nothing, and goes on without a name. */
export const DOCKER_NOT_FOUND = 'credentials not found in native keychain'

/** As docker has it in its configuration: without https, and with the port where there is one. */
export function registryOf(host: string): string {
  return host.replace(/^https?:\/\//, '')
}
