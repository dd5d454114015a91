// The program that signs in, as its author describes it: what it is called, what people type, and the names
// that its variables and directories begin with. Not here: what it can do (commands/table.ts).

import type { StoreKind } from './credential.ts'

export type AppOptions = {
  /** As it is registered at the server. */
  clientId: string
  /** What people call it, such as `Acme`. */
  appName: string
  /** The server to sign in to when nothing else names one. */
  issuer?: string | undefined
  /** What people type; by default the name in small letters. */
  command?: string | undefined
  /** What the variables begin with; by default the command: `ACME_TOKEN`, `ACME_SERVER`, … */
  prefix?: string | undefined
  /** What a sign-in asks for, separated by spaces. */
  scope?: string | undefined
  /** The API that tokens are for (RFC 8707). */
  resource?: string | undefined
  /** Where a sign-in is kept unless the person says otherwise; by default the keychain where one answers, else a file. */
  store?: StoreKind | undefined
  /** Where its helpers are used unless `--host` says otherwise, such as `{ git: ['https://git.acme.dev'] }`. */
  hosts?: HelperHosts | undefined
  /**
   * `process`: the proxies and certificate authorities of the environment hold for everything in this process, which is
   * right for a program of its own. Else they are left alone, unless somebody names a file of authorities.
   */
  network?: 'process' | undefined
  version?: string | undefined
}

export type App = {
  name: string
  command: string
  prefix: string
  /** `.acme` in projects, `~/.config/acme` at home. */
  directory: string
  clientId: string
  issuer: string | undefined
  scope: string
  resource: string | undefined
  store: StoreKind | undefined
  hosts: HelperHosts
  network: 'process' | undefined
  version: string
}

export type HelperHosts = Partial<Record<'git' | 'docker' | 'kubectl' | 'npm', readonly string[]>>

export function createApp(options: AppOptions): App {
  const command = options.command ?? slug(options.appName)
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(command))
    throw new TypeError(`${JSON.stringify(command)} cannot be the name of a command; give \`command\``)
  return {
    name: options.appName,
    command,
    prefix: options.prefix ?? command.toUpperCase().replace(/[^A-Z0-9]+/g, '_'),
    directory: command.toLowerCase(),
    clientId: options.clientId,
    issuer: options.issuer,
    scope: options.scope ?? 'openid profile email',
    resource: options.resource,
    store: options.store,
    hosts: options.hosts ?? {},
    network: options.network,
    version: options.version ?? '0.0.0',
  }
}

/** The full name of one of its variables. */
export function variable(app: Pick<App, 'prefix'>, name: VariableName): string {
  return `${app.prefix}_${name}`
}

export type VariableName =
  | 'TOKEN'
  | 'SERVER'
  | 'ACCOUNT'
  | 'CLIENT_ID'
  | 'CONFIG_DIR'
  | 'STORE'
  | 'BROWSER'
  | 'CA_FILE'
  | 'DEBUG'

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
}
