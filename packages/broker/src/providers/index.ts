// A provider from plain settings, as a configuration file or a command line has them. Applications in code call the functions
// themselves. Nothing about any vendor is here; each has its own file beside this one.

import { SettingError } from '../errors.ts'
import { codeProvider } from '../oauth-code.ts'
import { deviceProvider } from '../oauth-device.ts'
import type { Provider } from '../provider.ts'
import { codex } from './codex.ts'
import { type EntraSettings, entra } from './entra.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { google } from './google.ts'
import type { VendorSettings } from './settings.ts'
import { slack } from './slack.ts'

export interface ProviderSettings extends EntraSettings {
  readonly kind: ProviderKind
  /** For `device` and `code`, which are any provider found by discovery. */
  readonly issuer?: string | undefined
  /** For those two: for how long a used refresh token may be sent again; 0 unless the server promises more. */
  readonly refreshGraceSeconds?: number | undefined
  /** For those two: what goes out with the request that begins a flow, such as `prompt`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** For those two: what goes out with every request for tokens, such as `resource` (RFC 8707) or `audience`. */
  readonly audience?: Readonly<Record<string, string>> | undefined
}

export type ProviderKind = keyof typeof kinds

const kinds = {
  github,
  google,
  entra,
  gitlab,
  slack,
  codex,
  device: (settings: ProviderSettings): Provider => deviceProvider(discovered(settings)),
  code: (settings: ProviderSettings): Provider => codeProvider(discovered(settings)),
} as const satisfies Record<string, (settings: ProviderSettings) => Provider>

/** Settings that only some kinds have a use for. Ignored elsewhere, they would quietly connect people at another place than meant. */
const vendors = ['github', 'gitlab', 'google', 'entra', 'slack', 'codex'] as const
const discoveredKinds = ['device', 'code'] as const
const takenBy = {
  issuer: discoveredKinds,
  refreshGraceSeconds: discoveredKinds,
  parameters: discoveredKinds,
  audience: discoveredKinds,
  baseUrl: vendors,
  flow: ['github', 'gitlab', 'google', 'entra'],
  tenant: ['entra'],
  scopes: ['github', 'gitlab', 'google', 'entra', 'slack', ...discoveredKinds],
} as const satisfies Partial<Record<keyof ProviderSettings, readonly ProviderKind[]>>

export const providerKinds = Object.keys(kinds) as readonly ProviderKind[]

export function isProviderKind(kind: string): kind is ProviderKind {
  return Object.hasOwn(kinds, kind)
}

export function providerOf(settings: ProviderSettings): Provider {
  if (!isProviderKind(settings.kind))
    throw new SettingError(
      `There is no kind of provider "${settings.kind}"; there are ${providerKinds.join(', ')}.`,
    )
  requireOfUse(settings)
  return kinds[settings.kind](settings)
}

function requireOfUse(settings: ProviderSettings): void {
  for (const [name, kinds] of Object.entries(takenBy)) {
    const isGiven = settings[name as keyof typeof takenBy] !== undefined
    if (isGiven && !(kinds as readonly string[]).includes(settings.kind))
      throw new SettingError(`A provider of the kind "${settings.kind}" has no ${name}.`)
  }
}

function discovered({ id, issuer, kind, ...rest }: ProviderSettings & VendorSettings) {
  if (id === undefined || issuer === undefined)
    throw new SettingError(`A provider of the kind "${kind}" needs an id and an issuer.`)
  return { ...rest, id, issuer }
}
