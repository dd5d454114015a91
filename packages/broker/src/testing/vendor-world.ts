// One vendor on a real socket, playing its wire contract (provider-wire.ts), and the provider made for it, with everything that was
// noted for the operator. Not here: what must hold (provider-contract.ts).

import { system } from '@countersign/client/system'
import { type Handler, type ScriptedServer, startScriptedServer } from '@countersign/client/testing'
import type { Tokens } from '../connection.ts'
import type { Provider, ProviderContext, Remembered } from '../provider.ts'
import type { ProviderWire } from './provider-wire.ts'

export interface VendorWorld {
  readonly server: ScriptedServer
  readonly provider: Provider
  readonly context: ProviderContext
  readonly notes: unknown[]
  /** Ends the context's calls. */
  readonly abort: () => void
  /** What the token endpoint says next, and from then on. */
  answer(handler: Handler | undefined): void
  /** Up to where the person has decided; the browser is back where one went. */
  begin(): Promise<Remembered>
  /** The whole flow. */
  connect(): Promise<Tokens>
}

export const asked = { scopes: [], redirectUri: 'https://app.example/return', state: 'flow.STATE-canary' }

export async function openVendor(wire: ProviderWire): Promise<VendorWorld> {
  const server = await startScriptedServer()
  const base = server.issuer
  for (const [path, handler] of Object.entries(wire.others(base))) server.on(path, handler)
  if (wire.beginPath && wire.begun) server.on(wire.beginPath, wire.begun(base))
  const provider = wire.provider(base)
  const notes: unknown[] = []
  const aborting = new AbortController()
  const context: ProviderContext = {
    system,
    signal: aborting.signal,
    note: (event, detail) => void notes.push({ event, ...detail }),
  }
  const world: VendorWorld = {
    server,
    provider,
    context,
    notes,
    abort: () => aborting.abort(),
    answer: (handler) => handler && server.on(wire.askPath ?? wire.tokenPath, handler),
    async begin() {
      const begun = await provider.begin(context, asked)
      if (begun.type !== 'begun') throw new Error(`not begun: ${JSON.stringify(begun)}`)
      if (begun.shown.kind !== 'redirect') return begun.remembered
      const back = provider.returned?.(
        begun.remembered,
        new URLSearchParams({ code: 'CODE-canary', state: asked.state }),
      )
      if (back?.type !== 'further') throw new Error(`not back: ${JSON.stringify(back)}`)
      return back.remembered
    },
    async connect() {
      const remembered = await world.begin()
      world.answer(wire.granted(base, remembered.nonce))
      const first = await provider.poll(context, remembered)
      const last = first.type === 'further' ? await provider.poll(context, first.remembered) : first
      if (last.type !== 'tokens') throw new Error(`no tokens: ${JSON.stringify(last)}`)
      return last.tokens
    },
  }
  return world
}
