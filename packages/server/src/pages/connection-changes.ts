// What the pages of connections post: connect, cancel, rename, disconnect.
// The pages are connections.ts and connection-flow.ts; what becomes of the broker's errors, connection-visit.ts.

import { type PlainResponse, seeOther } from '../http.ts'
import { cleanText } from '../text.ts'
import { flowPath, isFlowId, leaveToConnect } from './connection-flow.ts'
import { connectionsPath, formForConnections, mayChange, toConnections } from './connection-visit.ts'
import { here } from './links.ts'
import { problemPage } from './problem.ts'

export const submitConnection = formForConnections(async (visit, form): Promise<PlainResponse> => {
  const { services, request, connections, owner } = visit
  const provider = form.get('provider') ?? ''
  if (!connections.providers.some(({ id }) => id === provider)) return problemPage(services, 'malformed')
  if (!mayChange(visit)) return seeOther(here(services, connectionsPath))
  // Each start asks the provider; what a provider counts is this server, and all people with it.
  const braked = await services.throttle.create(request.address, `connection ${provider}`)
  if (braked) return problemPage(services, 'too_many', braked)
  const flow = await connections.start(owner, {
    provider,
    label: cleanText(form.get('label'), 60) ?? undefined,
    connection: form.get('connection'),
  })
  return flow.shown.kind === 'redirect' && flow.state === 'pending'
    ? leaveToConnect(visit, flow, flow.shown.authorizationUrl)
    : seeOther(here(services, flowPath(flow.id)))
})

export const submitCancelConnection = formForConnections(async ({ services, connections, owner }, form) => {
  const id = form.get('flow') ?? ''
  if (!isFlowId(id)) return problemPage(services, 'malformed')
  await connections.cancel(owner, id)
  return seeOther(here(services, flowPath(id)))
})

export const submitRenameConnection = formForConnections(async ({ services, connections, owner }, form) => {
  const label = cleanText(form.get('label'), 60)
  if (label === null) return seeOther(here(services, connectionsPath))
  await connections.rename(owner.person, form.get('connection') ?? '', label)
  return toConnections(services, 'connection_renamed')
})

export const submitDisconnectConnection = formForConnections(async (visit, form) => {
  const { services, connections, owner } = visit
  if (!mayChange(visit)) return seeOther(here(services, connectionsPath))
  const { revoked } = await connections.disconnect(owner.person, form.get('connection') ?? '')
  return toConnections(services, revoked ? 'connection_ended' : 'connection_ended_here')
})
