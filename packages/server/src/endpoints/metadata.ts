// The well-known documents: authorization server metadata in its three places (RFC 8414 §3, OIDC Discovery §4) and the JWK Set.
// What the document says is protocol/metadata.ts. Both are public, cacheable, and answered with 304 when unchanged.

import { metadata } from '@countersign/protocol'
import type { PlainRequest, PlainResponse } from '../http.ts'
import { algs, jwksCacheSeconds } from '../keys.ts'
import { clientAlgs, knownScopes, servedGrants } from '../offered.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'

const metadataCacheSeconds = 300

const rendered = new WeakMap<Services, PlainResponse>()

export function metadataEndpoint(services: Services, request: PlainRequest): PlainResponse {
  let response = rendered.get(services)
  if (response === undefined) {
    const { issuer, requirePar, registration, clientMetadataDocuments, trustedIssuers } = services.config
    const document = metadata({
      issuer,
      grantTypes: servedGrants,
      scopes: knownScopes,
      idTokenAlgs: algs,
      clientAlgs,
      requirePar,
      registration: registration !== 'off',
      clientMetadataDocuments,
      idJag: trustedIssuers.some(({ kind }) => kind === 'id-jag'),
    })
    response = cacheable(JSON.stringify(document), metadataCacheSeconds)
    rendered.set(services, response)
  }
  return unlessUnchanged(request, response)
}

export function jwksEndpoint(services: Services, request: PlainRequest): PlainResponse {
  return unlessUnchanged(request, cacheable(JSON.stringify(services.keys.publicSet()), jwksCacheSeconds))
}

function cacheable(body: string, seconds: number): PlainResponse {
  const headers = {
    'content-type': 'application/json',
    'cache-control': `public, max-age=${seconds}`,
    etag: `"${digest(body).slice(0, 22)}"`,
  }
  return { status: 200, headers, body }
}

function unlessUnchanged(request: PlainRequest, response: PlainResponse): PlainResponse {
  if (request.headers['if-none-match'] !== response.headers.etag) return response
  return { status: 304, headers: response.headers, body: '' }
}
