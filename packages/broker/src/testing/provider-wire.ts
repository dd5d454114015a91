// What goes over the wire between one provider and its vendor, as the vendor documents it: what provider-contract.ts plays against.
// Secrets in it have "canary" in them, as the contract wants. Not here: the vendors that come with this package (vendor-wires.ts).

import type { Handler } from '@countersign/client/testing'
import type { Provider } from '../provider.ts'

export interface ProviderWire {
  /** The provider that is tested, for a vendor at this place. */
  readonly provider: (base: string) => Provider
  readonly tokenPath: string
  /** Undefined where the browser goes to the vendor. */
  readonly beginPath?: string
  readonly begun?: (base: string) => Handler
  /** Where the person's decision is asked for; the token endpoint unless said otherwise. */
  readonly askPath?: string
  readonly pending?: Handler
  readonly slowDown?: Handler
  readonly denied?: Handler
  readonly expired?: Handler
  /** The first tokens, or what comes before them. */
  readonly granted: (base: string, nonce: string | undefined) => Handler
  readonly renewed: Handler
  /** For a refresh token that is of no use any more. */
  readonly spent: Handler
  /** Other places: metadata, who it is, revocation. */
  readonly others: (base: string) => Readonly<Record<string, Handler>>
  readonly expected: {
    readonly id: string
    readonly account: { readonly id: string; readonly name: string } | null
    readonly scopes: readonly string[]
    readonly refreshGraceSeconds: number
    /** Whether the vendor has a way to end a connection. */
    readonly revokes: boolean
  }
}
