// A server with providers of identities, for tests without a browser: press the button of one, and come back from it.
// A real provider is the workspace's test/support/upstream.ts; the test's browser is pages/testing.ts.

import type { Account } from '@countersign/protocol'
import type { Config } from '../config.ts'
import { createPeopledServer, type Shown, type TestBrowser } from '../pages/testing.ts'
import { createSystem } from '../system.ts'
import { createTestServer, type TestServer } from './services.ts'

/** Loopback, so that a provider may be there, too. */
export const ownIssuer = 'http://localhost:4000'

type Provider = Config['identityProviders'][number]

export function providerSettings(
  {
    issuer,
    client,
  }: { readonly issuer: string; readonly client: { clientId: string; clientSecret: string } },
  more: Partial<Provider> = {},
): Provider {
  return {
    id: 'corp',
    kind: 'oidc',
    name: 'Corp',
    issuer,
    ...client,
    signUp: false,
    privateNetwork: false,
    ...more,
  }
}

export interface UpstreamWorld {
  readonly server: TestServer
  /** Presses "Continue with …" and returns where that leads. */
  press(browser: TestBrowser, id: string, reference?: string): Promise<URL>
  /** Comes back to an address of ours from elsewhere. */
  come(browser: TestBrowser, back: URL): Promise<Shown>
}

export async function world(
  identityProviders: readonly Provider[],
  settings: Partial<Config> = {},
  { empty = false }: { readonly empty?: boolean } = {},
): Promise<UpstreamWorld> {
  const options = {
    settings: { issuer: ownIssuer, identityProviders: [...identityProviders], ...settings },
    // Others have clocks of their own.
    startsAt: createSystem().now(),
  }
  const server = empty ? await createTestServer(options) : await createPeopledServer(options)
  return {
    server,
    async press(browser, id, reference) {
      const page = await browser.get(reference === undefined ? '/login' : `/login?request=${reference}`)
      const shown = await browser.submit(page, `/login/upstream/${id}`)
      if (shown.leaves === undefined) throw new Error(`pressing ended on ${shown.path} with ${shown.status}`)
      return shown.leaves
    },
    come: (browser, back) => browser.get(back.pathname + back.search),
  }
}

export const peopleOf = ({ services }: TestServer): Promise<readonly Account[]> =>
  services.store.list('account')
