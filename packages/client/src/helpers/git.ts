// The git credential protocol (gitcredentials(7), git-credential(1)), as text in and text out. Pure.
// Not here: the token (helper-token.ts), git's configuration (git-config.ts).
import { askedHost } from './bindings.ts'
import type { HelperToken } from './helper-token.ts'

export type GitRequest = {
  /** Undefined for what a token must not go to, such as plain http. */
  host: string | undefined
  username: string | undefined
  /** What git has just been refused with, on `erase`. */
  secret: string | undefined
  /** git 2.46 and later can send another scheme than Basic. */
  knowsAuthtype: boolean
}

export function parseGitRequest(text: string): GitRequest {
  const found = new Map<string, string>()
  const capabilities: string[] = []
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? []
    if (name === 'capability[]') capabilities.push(value)
    else if (name !== '') found.set(name, value)
  }
  const [protocol, host] = [found.get('protocol'), found.get('host')]
  return {
    host: protocol && host ? askedHost(`${protocol}://${host}`) : undefined,
    username: found.get('username'),
    secret: found.get('credential') ?? found.get('password'),
    knowsAuthtype: capabilities.includes('authtype'),
  }
}

export function gitAnswer(request: GitRequest, { token, expiresAt }: HelperToken, username: string): string {
  const end = expiresAt === undefined ? [] : [`password_expiry_utc=${Math.floor(expiresAt)}`]
  if (request.knowsAuthtype)
    // Ephemeral: no other helper may put it on a disk.
    return lines(['capability[]=authtype', 'authtype=Bearer', `credential=${token}`, 'ephemeral=1', ...end])
  // Whoever put a name into the address wants that one, and git drops an answer for another.
  return lines([`username=${request.username ?? username}`, `password=${token}`, ...end])
}

/** Ends git's search: asking the person for a name and a password would lead nowhere. */
export const gitQuit = lines(['quit=1'])

/** Without the last line end, which printing adds. */
function lines(attributes: readonly string[]): string {
  return attributes.join('\n')
}
