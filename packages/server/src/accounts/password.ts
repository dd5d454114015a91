// Passwords: argon2id through node:crypto, kept in PHC string form, and at most a few hashes at a time.
// What a password may be is password-policy.ts; how often somebody may guess one is throttle.ts.

import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import { sameSecret } from '../secrets.ts'
import type { System } from '../system.ts'

const hash = promisify(argon2)

interface Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

// OWASP Password Storage: 19 MiB, two passes, one lane.
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32

export type Checked = 'right' | 'wrong' | 'busy'

/** The PHC string to keep. Throws TooManyPasswords when the queue is full. */
export async function hashPassword(password: string, { random }: Pick<System, 'random'>): Promise<string> {
  const salt = random(saltBytes)
  const tag = await derive(password, salt, cost)
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${b64(salt)}$${b64(tag)}`
}

/** The PHC string to keep, or undefined when the queue is full. */
export async function hashUnlessBusy(
  password: string,
  system: Pick<System, 'random'>,
): Promise<string | undefined> {
  try {
    return await hashPassword(password, system)
  } catch (error) {
    if (error instanceof TooManyPasswords) return undefined
    throw error
  }
}

/**
 * Whether the password is the one behind `kept`. Null (no such account, or one with passkeys only) costs the same time as a wrong
 * password, so that the time of the answer does not tell which addresses have accounts.
 */
export async function checkPassword(password: string, kept: string | null): Promise<Checked> {
  const phc = kept === null ? nobody : (parse(kept) ?? nobody)
  try {
    const tag = await derive(password, phc.salt, phc.cost)
    return phc !== nobody && sameSecret(b64(tag), phc.tag) ? 'right' : 'wrong'
  } catch (error) {
    if (error instanceof TooManyPasswords) return 'busy'
    throw error
  }
}

/** Whether the kept hash was made with less effort than is asked today, and should be made again at the next sign-in. */
export function isOutdated(kept: string): boolean {
  const phc = parse(kept)
  return phc === undefined || phc.cost.memory < cost.memory || phc.cost.passes < cost.passes
}

/** Thrown when the queue for hashing is full: an answer of "come back" is better than a server without memory. */
export class TooManyPasswords extends Error {
  readonly code = 'too_many_passwords'
}

// Each hash takes 19 MiB and a core for some 20 ms. Two at a time leave the other threads of the pool to files and names; the
// queue is what two cores do in about half a second. It is one per process because memory and cores are.
const mostRunning = 2
const mostWaiting = 40
const waiting: (() => void)[] = []
let running = 0

async function derive(
  password: string,
  salt: Buffer,
  { memory, passes, parallelism }: Cost,
): Promise<Buffer> {
  if (running >= mostRunning) {
    if (waiting.length >= mostWaiting) throw new TooManyPasswords()
    // Whoever leaves hands over its place, so the count stays as it is.
    await new Promise<void>((resume) => waiting.push(resume))
  } else {
    running++
  }
  try {
    // NIST SP 800-63B §3.1.1.2: the same characters typed on another keyboard are the same password.
    const message = Buffer.from(password.normalize('NFKC'))
    return await hash('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength: tagBytes })
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

interface Phc {
  readonly cost: Cost
  readonly salt: Buffer
  readonly tag: string
}

const nobody: Phc = { cost, salt: Buffer.alloc(saltBytes), tag: '' }

function parse(kept: string): Phc | undefined {
  const found =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/.exec(
      kept,
    )
  if (found === null) return undefined
  const [, memory, passes, parallelism, salt = '', tag = ''] = found
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag,
  }
}

const b64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
