// The proxies and certificate authorities that the environment names, read, and set for this process. Not here: when that
// happens (network.ts), which proxy an address gets (proxy.ts), what is said of a certificate that is not trusted (http.ts).
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type App, variable } from './app.ts'
import { NetworkSettingError } from './errors.ts'
import { proxyFor, variablesForNode } from './proxy.ts'

export type NetworkOptions = {
  env: Record<string, string | undefined>
  app: Pick<App, 'prefix'>
  /** `--ca-file`. */
  caFile?: string | undefined
}

/** For the whole process. */
export async function prepareNetwork(options: NetworkOptions): Promise<void> {
  const [http, files] = [await import('node:http'), caFilesOf(options)]
  // Since Node 24.5; before, a proxy has to be set up by whoever starts the program.
  http.setGlobalProxyFromEnv?.(variablesForNode(options.env))
  const certificates = files.filter(({ required }) => required).flatMap((file) => readCertificates(file))
  if (certificates.length > 0) await trust(certificates)
}

/**
 * What this computer trusts beside what Node brings: companies put their own authority there. Reading it takes a tenth of a
 * second, so that is done only when a certificate is not known otherwise.
 */
export async function trustSystem(options: NetworkOptions): Promise<void> {
  const { getCACertificates } = await import('node:tls')
  const files = caFilesOf(options).filter(({ required }) => !required)
  await trust([...getCACertificates('system'), ...files.flatMap((file) => readOptional(file))])
}

async function trust(certificates: readonly string[]): Promise<void> {
  const { getCACertificates, setDefaultCACertificates } = await import('node:tls')
  setDefaultCACertificates([...getCACertificates('default'), ...certificates])
}

export type CaFile = { path: string; namedBy: string; required: boolean }

/** NODE_EXTRA_CA_CERTS is read by Node itself, when it starts. */
export function caFilesOf({ env, app, caFile }: NetworkOptions): CaFile[] {
  const own = variable(app, 'CA_FILE')
  const named: [string | undefined, string, boolean][] = [
    [caFile, '--ca-file', true],
    [caFile ? undefined : env[own], own, true],
    // Set for other programs, and often left behind: what cannot be read there stops nothing.
    [env.SSL_CERT_FILE, 'SSL_CERT_FILE', false],
  ]
  return named.flatMap(([path, namedBy, required]) => (path ? [{ path, namedBy, required }] : []))
}

function readOptional(file: CaFile): string[] {
  try {
    return readCertificates(file)
  } catch {
    return []
  }
}

/** Each in PEM form. @throws NetworkSettingError that names the file, who named it, and what is wrong. */
export function readCertificates({ path, namedBy }: CaFile): string[] {
  const refuse = (why: string, cause?: unknown): NetworkSettingError =>
    new NetworkSettingError(
      namedBy,
      `The file of certificate authorities ${path} (${namedBy}) ${why}.`,
      cause,
    )
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason'
    throw refuse(`could not be read (${code})`, error)
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw refuse('holds no certificate in PEM form')
  const broken = found.findIndex((pem) => !isCertificate(pem))
  if (broken >= 0) throw refuse(`holds a certificate that cannot be read (number ${broken + 1})`)
  return found
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

export function refuseUnusableProxy(url: URL, env: NetworkOptions['env']): void {
  const choice = proxyFor(url, env)
  if (choice.way === 'unusable')
    throw new NetworkSettingError(choice.variable, `${choice.variable} ${choice.reason}.`)
}
