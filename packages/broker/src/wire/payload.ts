// What a flow and a connection look like to a page. Two forms of the same members: that of system S3, exactly (`hermes`), and the
// usual one with what a page needs on top. Pure; no secret can come in here, because the views hold none (broker.ts).

import type { ConnectionView, FlowView } from '../broker.ts'
import type { FlowState, Shown } from '../flow.ts'
import { stateSentences } from '../sentences.ts'
import type { Payload } from './answer.ts'

export type Dialect = 'hermes' | undefined

export interface Named {
  readonly id: string
  readonly name: string
  readonly docs: string
}

/** System S3, 3.1: what `start` answers. */
export function startPayload(view: FlowView, dialect: Dialect, provider: Named | undefined): Payload {
  if (dialect !== 'hermes') return statusPayload(view, dialect, provider)
  const { status, error } = s3Status(view)
  return {
    ok: true,
    provider: view.provider,
    flow_id: view.id,
    status,
    ...s3Shown(view.shown),
    expires_at: view.expiresAt,
    poll_interval_seconds: view.intervalSeconds,
    error,
  }
}

/** System S3, 3.1: what `poll` and `cancel` answer. */
export function statusPayload(view: FlowView, dialect: Dialect, provider: Named | undefined): Payload {
  if (dialect === 'hermes') return { ok: true, provider: view.provider, flow_id: view.id, ...s3Status(view) }
  const asked = { ok: true, provider: view.provider, flow_id: view.id, status: view.state }
  const named = { provider_name: provider?.name }
  if (view.state === 'pending') return { ...asked, ...named, ...waiting(view, provider) }
  const error = view.state === 'error' ? view.error : undefined
  return { ...asked, ...named, error, return_to: view.returnTo }
}

/** What `cancel` answers for a flow that is not there: it does not wait any more, which is what was asked for. */
export const cancelledPayload = (flowId: string): Payload => ({
  ok: true,
  flow_id: flowId,
  status: 'cancelled',
})

export function connectionPayload(connection: ConnectionView): Payload {
  const { id, provider, providerName, account, label, scopes, ended, createdAt, updatedAt } = connection
  return {
    id,
    provider,
    provider_name: providerName,
    account,
    label,
    scopes,
    // One word for the page; why is among the events of the application.
    works: ended === null,
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

function waiting(view: FlowView, provider: Named | undefined): Payload {
  const { shown } = view
  return {
    verification_uri: shown.kind === 'code' ? shown.verificationUri : undefined,
    verification_uri_complete: (shown.kind === 'code' && shown.verificationUriComplete) || undefined,
    user_code: shown.kind === 'code' ? shown.userCode : undefined,
    authorization_url: shown.kind === 'redirect' ? shown.authorizationUrl : undefined,
    action_required: shown.kind === 'action' ? shown.actionRequired : undefined,
    expires_at: view.expiresAt,
    seconds_left: view.secondsLeft,
    poll_interval_seconds: view.intervalSeconds,
    docs: provider?.docs,
  }
}

/** S3 has no word for a no at the provider: to its page that is an error, with a sentence of at most 200 characters. */
function s3Status(view: FlowView): {
  readonly status: Exclude<FlowState, 'denied'>
  readonly error: string | undefined
} {
  if (view.state === 'denied') return { status: 'error', error: stateSentences.denied }
  return { status: view.state, error: view.state === 'error' ? view.error?.slice(0, 200) : undefined }
}

function s3Shown(shown: Shown): Payload {
  switch (shown.kind) {
    case 'code':
      return { verification_uri: shown.verificationUri, user_code: shown.userCode }
    case 'redirect':
      return { verification_uri: shown.authorizationUrl }
    case 'action':
      return { action_required: shown.actionRequired }
  }
}
