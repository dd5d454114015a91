// Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document-02): which URLs may be a client id, and what the
// document there has to say. Fetching it safely and remembering it is the server's metadata-documents.ts.
// The members that it shares with a registration are client-metadata.ts.

import { type MetadataPolicy, type ReadMetadata, readClientMetadata } from './client-metadata.ts'

const mostCharacters = 500

/**
 * CIMD §3: https with a path; no user information, no fragment, no dot segments. Neither a bare `/` nor a query is taken, which the
 * draft discourages: each query would be a client of its own. In development also http on a loopback host.
 */
export function isDocumentAddress(clientId: string, loopback: boolean): boolean {
  if (clientId.length > mostCharacters) return false
  const [, scheme, host, port, path] =
    /^(https?):\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?((?:\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2})*)+)$/i.exec(
      clientId,
    ) ?? []
  if (scheme === undefined || path === undefined || path === '/' || Number(port ?? 1) > 65_535) return false
  if (path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))) return false
  return scheme === 'https' || (loopback && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(host ?? ''))
}

/** What the document at `clientId` says; the refusal names the member that is wrong. */
export function readMetadataDocument(json: unknown, clientId: string, policy: MetadataPolicy): ReadMetadata {
  const wrong = (member: string): ReadMetadata => ({
    ok: false,
    refusal: { error: 'invalid_client_metadata', member },
  })
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return wrong('client_id')
  const document = json as Readonly<Record<string, unknown>>
  // CIMD §4: "MUST match the URL of the document using simple string comparison".
  if (document.client_id !== clientId) return wrong('client_id')
  // A secret in a public place is none (CIMD §4.1); nor is there anybody to give one to.
  for (const member of ['client_secret', 'client_secret_expires_at']) {
    if (Object.hasOwn(document, member)) return wrong(member)
  }
  const method = document.token_endpoint_auth_method ?? 'none'
  if (method !== 'none' && method !== 'private_key_jwt') return wrong('token_endpoint_auth_method')
  const read = readClientMetadata({ ...document, token_endpoint_auth_method: method }, policy)
  // Asked for by MCP, and by anybody who has to decide about it in a browser (CIM-12).
  if (read.ok && read.metadata.name === null && read.metadata.grantTypes.includes('authorization_code'))
    return wrong('client_name')
  return read
}
