// What is known of the machine that a request came from: the address and the program as we saw them, and what it says of itself.
// The claims are shown to the person as claims, so they are cut and cleaned here, once. How both are shown is pages/request-facts.ts.

import type { RequestContext } from '@countersign/protocol'
import type { Form } from './form.ts'
import type { PlainRequest } from './http.ts'
import { cleanText } from './text.ts'

export function requestContext(request: PlainRequest, form: Pick<Form, 'get'>): RequestContext {
  const claim = (name: string) => cleanText(form.get(name), 60)
  return {
    observed: observedIn(request),
    reported: {
      deviceName: claim('device_name'),
      clientVersion: claim('client_version'),
      agent: claim('agent'),
    },
  }
}

export function observedIn({ address, headers }: PlainRequest): RequestContext['observed'] {
  return { address, userAgent: cleanText(headers['user-agent'], 200) ?? '' }
}
