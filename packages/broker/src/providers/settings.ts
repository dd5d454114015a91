// What every provider in this folder is set up with, and how one vendor becomes a provider of either kind.
// Not here: the vendors (one file each), settings that are plain text (index.ts).

import { codeProvider } from '../oauth-code.ts'
import { deviceProvider } from '../oauth-device.ts'
import type { OAuthVendor } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'

export interface VendorSettings {
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** Asked for where the application asks for none. */
  readonly scopes?: readonly string[] | undefined
  /** The person types a code at the vendor, or the browser goes there and comes back. */
  readonly flow?: 'device' | 'code' | undefined
  /** The vendor's own place, where it is not the public one: an installation of one's own, another cloud. */
  readonly baseUrl?: string | undefined
  /** Another id and name, so that one vendor can be there twice. */
  readonly id?: string | undefined
  readonly name?: string | undefined
}

export function vendorProvider(flow: 'device' | 'code', vendor: OAuthVendor): Provider {
  return flow === 'device' ? deviceProvider(vendor) : codeProvider(vendor)
}

/** Without a slash at the end. */
export function baseOf(settings: Pick<VendorSettings, 'baseUrl'>, usual: string): string {
  return (settings.baseUrl ?? usual).replace(/\/+$/, '')
}
