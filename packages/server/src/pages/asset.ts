// Sends the style sheet, the script and the icon. Their addresses never change what they mean, so browsers and proxies may
// keep them. What they are called is assets.ts; what is in them style.ts and script.ts.

import type { PlainRequest, PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { assets } from './assets.ts'
import { problemPage } from './problem.ts'

export async function assetEndpoint(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const found = assets.get(request.path)
  if (found === undefined) return problemPage(services, 'not_found')
  return {
    status: 200,
    headers: {
      'content-type': found.type,
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'same-origin',
      // An image opened by itself is a document, and may do nothing.
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    },
    body: found.body,
  }
}
