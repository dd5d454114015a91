// After a no at a provider, on the way to allow a device: the device hears it at once, and the person is told to go back to it
// (OSA-D7). Deciding by somebody who is signed in is decision.ts.

import { deviceAuthorization, readUserCode } from '@countersign/protocol'
import { html } from 'hono/html'
import type { WaitingDevice } from '../accounts/upstream/round-trip.ts'
import { audit, byPerson } from '../audit.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { decideAndApply } from '../store/store.ts'
import { dropCode } from './carried-code.ts'
import { findByCode } from './find-request.ts'
import { here } from './links.ts'
import { text } from './messages.ts'
import { renderPage } from './page.ts'
import { forAnybody, type Visit } from './visit.ts'

const words = text.upstream

/** The answer is the same whether there was such a device: whoever says no learns nothing about codes. */
export async function turnAway(
  visit: Visit,
  device: WaitingDevice,
  provider: string,
): Promise<PlainResponse> {
  const { services, request, signedIn } = visit
  const { store, system } = services
  const id = device.id ?? (await lookUp(visit, device.typed))
  await decideAndApply(store, async () => {
    const record = id === undefined ? undefined : await store.read('deviceAuthorization', id)
    const turned = record && deviceAuthorization.turnAway(record, system.now())
    if (record === undefined || turned?.outcome !== 'decided') return { writes: [] }
    const accountId = signedIn?.account.id ?? null
    const said = audit(services, {
      event: 'device.denied',
      ...byPerson(accountId, request),
      accountId,
      clientId: record.clientId,
      detail: { scopes: record.scopes, deviceAddress: record.context.observed.address, provider },
    })
    return { writes: [...turned.writes, said] }
  })
  return seeOther(here(services, '/device/turned-away'), { 'set-cookie': [dropCode(services)] })
}

async function lookUp(visit: Visit, typed: string): Promise<string | undefined> {
  const read = readUserCode(typed)
  const found = read.ok ? await findByCode(visit, read.code) : undefined
  return found?.found ? found.record.id : undefined
}

export const turnedAwayPage = forAnybody(({ services }) => {
  const main = html`<h1 tabindex="-1" autofocus>${words.turnedAwayTitle}</h1>
<p class="lead">${words.turnedAway}</p>
<p><a href="${here(services, '/device')}">${text.denied.again}</a></p>`
  return renderPage(services, { title: words.turnedAwayTitle, main })
})
