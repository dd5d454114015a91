// The voice of the program: stdout is data, stderr is talk. Colours, exit codes and the sentence for every
// error live here and nowhere else. Not here: the part of the screen that changes (live-area.ts).
import { stripVTControlCharacters } from 'node:util'

/** The published contract of exit codes. */
export const exits = {
  ok: 0,
  error: 1,
  usage: 2,
  denied: 3,
  signInNeeded: 4,
  expired: 5,
  network: 6,
  refusedByPolicy: 7,
  pending: 8,
  cancelled: 130,
} as const

export type Exit = (typeof exits)[keyof typeof exits] | ForeignExit

/** That of a program that was run for the person (commands/exec.ts). */
export type ForeignExit = number & { readonly foreign: true }

type Input = NodeJS.ReadStream & { fd: 0 }
export type Streams = { stdin: Input; stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }

export type Terminal = {
  stdin: Input
  env: Record<string, string | undefined>
  /** Keys can be read and a line can be redrawn. */
  interactive: boolean
  tty: { stdin: boolean; stdout: boolean; stderr: boolean }
  /** A person may be looking at stderr. */
  hasTty: boolean
  columns: () => number
  rows: () => number
  /** Data, to stdout. */
  print: (text: string) => void
  printJson: (value: unknown) => void
  /** Talk, to stderr: one line, indented like all of them. */
  say: (line?: string) => void
  /** Talk without a line's end or indentation. */
  draw: (text: string) => void
  paint: (style: Style, text: string) => string
  succeed: (line: string) => void
  warn: (line: string) => void
  fail: (line: string) => void
}

export type Style = 'green' | 'red' | 'yellow' | 'bold' | 'dim'

export function createTerminal(streams: Streams, env: Terminal['env']): Terminal {
  const { stdin, stdout, stderr } = streams
  const colourful = stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint = (style: Style, text: string): string =>
    colourful ? `\u001b[${styles[style]}m${text}\u001b[0m` : text
  const draw = (text: string): void => {
    stderr.write(text)
  }
  const say = (line = ''): void => draw(line === '' ? '\n' : `  ${line}\n`)
  return {
    stdin,
    env,
    interactive: stdin.isTTY === true && stderr.isTTY === true && env.TERM !== 'dumb',
    tty: { stdin: stdin.isTTY === true, stdout: stdout.isTTY === true, stderr: stderr.isTTY === true },
    hasTty: stdin.isTTY === true || stdout.isTTY === true,
    columns: () => stderr.columns ?? 80,
    rows: () => stderr.rows ?? 24,
    print: (text) => {
      stdout.write(`${text}\n`)
    },
    printJson: (value) => {
      stdout.write(jsonLine(value))
    },
    say,
    draw,
    paint,
    succeed: (line) => say(`${paint('green', '✓')} ${line}`),
    warn: (line) => say(`${paint('yellow', '!')} ${line}`),
    fail: (line) => say(`${paint('red', '✗')} ${line}`),
  }
}

/** A mistake in how the program was called. */
export class UsageError extends Error {
  readonly code = 'usage'
}

export type Failure = { exit: Exit; code: string; message: string }

/**
 * The exit code and the sentence for anything that was thrown. Works by the stable `code` of the error, not
 * by its class, so that no package has to be loaded to explain a failure. `loginFlags` is what the next login has to be given.
 */
export function explain(error: unknown, command: string, loginFlags = ''): Failure {
  const code = textOf(error, 'code') ?? 'unexpected'
  const message = clean(error instanceof Error ? error.message : String(error))
  return { code, exit: exitOf(code), message: sentence(code, message, error, { command, loginFlags }) }
}

function exitOf(code: string): Exit {
  return exitByCode[code] ?? exits.error
}

function sentence(
  code: string,
  message: string,
  error: unknown,
  { command, loginFlags }: { command: string; loginFlags: string },
): string {
  switch (code) {
    case 'network':
    case 'timeout': {
      const attempts = textOf(error, 'attempts')
      const reason = code === 'timeout' ? 'connect timeout' : reasonIn(message)
      return `Could not reach ${clean(textOf(error, 'host') ?? 'the server')} (${reason}${attempts ? `, ${attempts} attempts` : ''}). Try: ${command} doctor`
    }
    case 'html_answer':
      return `${message}. A proxy is in the way: ${command} doctor`
    case 'untrusted_certificate':
      return `${message}. A proxy may be looking into the connection: ${command} doctor`
    case 'server_unavailable':
      return `${message}.${laterIn(error)}`
    case 'access_denied':
      return denialSentence(clean(textOf(error, 'description') ?? ''))
    case 'cancelled':
      return 'Cancelled. Nothing was signed in.'
    case 'credential_corrupt':
    case 'keychain_lacks_key':
    case 'sign_in_required':
      return `${message} Run: ${command} login${clean(loginFlags) && ` ${clean(loginFlags)}`}${flagsFor(error)}`
    case 'connection_required': {
      const page = textOf(error, 'page')
      return `${message}${page ? ` Open: ${clean(page)}` : ''}`
    }
    case 'unknown_flow':
      return `${message} Start again: ${command} login --no-wait`
    case 'refused_by_policy':
      return policySentence(error, message)
    default:
      return capital(/[.!?]$/.test(message) ? message : `${message}.`)
  }
}

/** `access_denied` is also said of accounts that were switched off; then the server's own words are better. */
function denialSentence(description: string): string {
  if (/\breported\b/i.test(description)) return 'Refused and reported. Nothing was signed in.'
  const chosen = description === '' || /den(y|ied)|declin|reject|abort/i.test(description)
  return `${chosen ? 'You chose "Don\'t allow".' : description} Nothing was signed in.`
}

function policySentence(error: unknown, message: string): string {
  const words = clean(textOf(error, 'description') ?? message)
  const link = textOf(error, 'uri')
  return `Refused by the server: ${words}${link ? ` See ${clean(link)}` : ''}`
}

/** What the next sign-in has to ask for, where that is known (MoreAccessError). */
function flagsFor(error: unknown): string {
  const needs: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'needs') : undefined
  const [scope, resource] = [textOf(needs, 'scope'), textOf(needs, 'resource')]
  return `${scope ? ` --scope "${clean(scope)}"` : ''}${resource ? ` --resource ${clean(resource)}` : ''}`
}

function laterIn(error: unknown): string {
  const seconds = Number(textOf(error, 'retryAfterSeconds'))
  return seconds > 0 ? ` Try again in ${Math.ceil(seconds)} s.` : ' Try again later.'
}

function reasonIn(message: string): string {
  return /\(([^)]+)\)\s*$/.exec(message)?.[1] ?? 'no connection'
}

function textOf(error: unknown, member: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, member)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** Text from elsewhere must not steer the terminal (DC-07). */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
}

/** The same JSON to whoever parses it, and nothing that steers a terminal that shows it (DC-07). */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, inEscapes)}\n`
}

function inEscapes(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

function capital(text: string): string {
  // A host name at the start keeps its letters.
  return /^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

const styles: Record<Style, number> = { green: 32, red: 31, yellow: 33, bold: 1, dim: 2 }

const exitByCode: Record<string, Exit> = {
  usage: exits.usage,
  bad_issuer: exits.usage,
  store_unknown: exits.usage,
  config: exits.usage,
  network_setting: exits.usage,
  invalid: exits.usage,
  access_denied: exits.denied,
  sign_in_required: exits.signInNeeded,
  credential_corrupt: exits.signInNeeded,
  keychain_lacks_key: exits.signInNeeded,
  server_untrusted: exits.signInNeeded,
  unknown_flow: exits.signInNeeded,
  connection_required: exits.signInNeeded,
  expired: exits.expired,
  network: exits.network,
  timeout: exits.network,
  untrusted_certificate: exits.network,
  html_answer: exits.network,
  malformed_answer: exits.network,
  answer_too_large: exits.network,
  unexpected_redirect: exits.network,
  server_unavailable: exits.network,
  refused_by_policy: exits.refusedByPolicy,
  cancelled: exits.cancelled,
}
