// The checks of `doctor` that look at the way to the server: name, proxy, certificate, metadata, clock. Each says whose fault it
// seems to be. Not here: what is looked at on this computer (local-checks.ts).
import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { getCACertificates } from 'node:tls'
import type { App } from '../app.ts'
import { discover } from '../discover.ts'
import { AnswerError, CertificateError } from '../errors.ts'
import { isAsked } from '../network.ts'
import {
  type CaFile,
  caFilesOf,
  type NetworkOptions,
  prepareNetwork,
  readCertificates,
  trustSystem,
} from '../network-settings.ts'
import { shownCertificate } from '../peer-certificate.ts'
import { type ProxyChoice, proxyFor } from '../proxy.ts'
import type { System } from '../system.ts'
import { type Check, type Finding, ok, warning, wordsOf, wrong } from './check.ts'

export type NetworkSubject = NetworkOptions & {
  issuer: string
  system: System
  app: Pick<App, 'prefix' | 'network'>
}

export function networkChecks(subject: NetworkSubject): Check[] {
  const url = new URL(subject.issuer)
  const choice = isAsked(subject) ? proxyFor(url, subject.env) : notUsed(proxyFor(url, subject.env))
  const asked = askServer(subject)
  return [
    { name: 'name', look: () => nameCheck(url, choice) },
    { name: 'proxy', look: () => proxyCheck(url, choice) },
    { name: 'authorities', look: () => authoritiesCheck(subject) },
    { name: 'certificate', look: () => certificateCheck(url, subject) },
    { name: 'server', limitSeconds: 15, look: async () => (await asked).finding },
    { name: 'clock', limitSeconds: 15, look: async () => clockCheck((await asked).offset) },
  ]
}

/** A program that leaves the process alone leaves the proxies to whoever started it. */
function notUsed(choice: ProxyChoice): ProxyChoice {
  return choice.way === 'direct'
    ? choice
    : { way: 'direct', because: `${choice.variable} is not used by this program` }
}

async function nameCheck({ hostname }: URL, choice: ProxyChoice): Promise<Finding> {
  const host = hostname.replace(/^\[|\]$/g, '')
  try {
    const found = await lookup(host, { all: true })
    return ok(`${host} is ${found.map(({ address }) => address).join(', ')}`)
  } catch (error) {
    const why = `${host} is not known here (${codeOf(error)})`
    if (choice.way === 'proxy') return ok(`${why}; the proxy looks it up`)
    return wrong(why, 'Check the address of the server, and whether you are online or need a VPN.')
  }
}

async function proxyCheck(url: URL, choice: ProxyChoice): Promise<Finding> {
  if (choice.way === 'unusable')
    return wrong(
      `${choice.variable} ${choice.reason}`,
      'Name an http proxy there, or exempt the server in NO_PROXY.',
    )
  if (choice.way === 'direct') return ok(choice.because ? `none (${choice.because})` : 'none')
  const words = `${choice.address} (${choice.variable})`
  try {
    await reach(new URL(choice.address))
    return ok(words)
  } catch (error) {
    return wrong(
      `${words} does not answer (${codeOf(error)})`,
      `Correct ${choice.variable}, or exempt ${url.hostname} in NO_PROXY.`,
    )
  }
}

function reach({ hostname, port, protocol }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({
      host,
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      timeout: REACH_MS,
    })
    const end = (work: () => void) => (): void => {
      socket.destroy()
      work()
    }
    socket.once('connect', end(resolve))
    socket.once(
      'timeout',
      end(() => reject(new Error('no answer'))),
    )
    socket.once('error', reject)
  })
}

function authoritiesCheck(subject: NetworkSubject): Finding {
  const extra = subject.env.NODE_EXTRA_CA_CERTS
  const files: CaFile[] = [
    ...(isAsked(subject) ? caFilesOf(subject) : []),
    ...(extra ? [{ path: extra, namedBy: 'NODE_EXTRA_CA_CERTS', required: false }] : []),
  ]
  const told: string[] = []
  for (const file of files) {
    try {
      told.push(`${readCertificates(file).length} from ${file.path} (${file.namedBy})`)
    } catch (error) {
      const trouble = file.required ? wrong : warning
      return trouble(wordsOf(error), 'Correct the path, or ask who runs your network for the file.')
    }
  }
  const known = isAsked(subject) ? "those of Node and of this computer's system" : 'those of Node'
  return ok([known, ...told].join(', '))
}

/**
 * Judged first by the public authorities alone: one that only this computer trusts belongs to a company, and most of those look
 * into the connections that they vouch for.
 */
async function certificateCheck(url: URL, subject: NetworkSubject): Promise<Finding> {
  if (url.protocol !== 'https:') return ok('none (http on this computer)')
  if (isAsked(subject)) await prepareNetwork(subject)
  const publicly = await shownCertificate(url, {
    timeout: REACH_MS / 1000,
    ca: [...getCACertificates('bundled')],
  })
  const by = `issued by "${publicly.issuer ?? 'nobody known'}"`
  if (publicly.trouble === undefined) return ok(`${by}, valid until ${publicly.validTo}`)
  if (isAsked(subject)) await trustSystem(subject)
  const here = await shownCertificate(url, { timeout: REACH_MS / 1000 })
  if (here.trouble === undefined)
    return warning(
      `${by}, which is trusted here and no public authority`,
      'It belongs to the server itself, or to a proxy that looks into the connection.',
    )
  if (here.trouble === 'CERT_HAS_EXPIRED' || here.trouble === 'CERT_NOT_YET_VALID')
    return wrong(`${by}: ${here.trouble}, valid until ${here.validTo}`, 'Check the clock of this computer.')
  return wrong(
    `${by}, which is not trusted here (${here.trouble})`,
    'If that is the proxy of your company, get its certificate authority and give it with --ca-file.',
  )
}

type Asked = { finding: Finding; offset: number | undefined }

/** One question to the server answers two checks. */
async function askServer({ issuer, system }: NetworkSubject): Promise<Asked> {
  let offset: number | undefined
  const noting: System = {
    ...system,
    fetch: async (url, init) => {
      const response = await system.fetch(url, init)
      const date = Date.parse(response.headers.get('date') ?? '') / 1000
      if (Number.isFinite(date)) offset = date - system.now()
      return response
    },
  }
  try {
    await discover(issuer, { system: noting })
    return { finding: ok(`${issuer} is a sign-in server, and the one it says it is`), offset }
  } catch (error) {
    return { finding: wrong(wordsOf(error), adviceFor(error)), offset }
  }
}

function adviceFor(error: unknown): string {
  if (error instanceof CertificateError) return 'See "certificate".'
  if (error instanceof AnswerError && error.code === 'html_answer')
    return 'A proxy or a sign-in page of the network answered instead: open any page in a browser, or ask who runs the network.'
  return 'See "name" and "proxy"; is this the right server?'
}

function clockCheck(offset: number | undefined): Finding {
  if (offset === undefined) return warning('not compared: the server did not say what time it is')
  const seconds = Math.round(Math.abs(offset))
  const words = `${inWords(seconds)} ${offset > 0 ? 'behind' : 'ahead of'} the server`
  // A few seconds are the way there and back.
  if (seconds <= 5) return ok('agrees with the server')
  if (seconds <= 60) return ok(`${words}; this is corrected`)
  return warning(
    `${words}; this is corrected for the sign-in, but other programs will stumble`,
    'Set the clock of this computer.',
  )
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3600)} h`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : wordsOf(error)
}

const REACH_MS = 5000
