// The stored sign-in as `authProvider` of the official MCP SDK for TypeScript, generations 1 and 2, whose types are matched by
// shape; nothing of it is imported. Tokens are narrowed to the one MCP server (RFC 8707) and go to no other place.
// Not here: stdio servers, which get no `authProvider` (mcp-login.ts).
import { createSession, type SessionOptions } from './session.ts'
import { system as realSystem } from './system.ts'

export type McpAuthOptions = SessionOptions & {
  /** The address of the MCP server, as its metadata gives it (RFC 9728); it has to be among what the sign-in is for. */
  resource: string
}

export type McpAuth = {
  /** Generation 2 (`AuthProvider`): renewed ahead of time. Rejects where nobody is signed in. */
  token: () => Promise<string>
  /** Generation 2: renews once what the server refused. */
  onUnauthorized: (context: { serverUrl: URL }) => Promise<void>
  /** For the transport's `fetch`, beside `authProvider`: with it a call that needs more permissions asks for them too. */
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Generation 1 (`OAuthClientProvider`). */
  generation1: McpProvider1
}

/** What is used of generation 1's `OAuthClientProvider`. */
export type McpProvider1 = {
  redirectUrl: string
  clientMetadata: { client_name: string; redirect_uris: string[]; token_endpoint_auth_method: string }
  clientInformation: () => { client_id: string; issuer: string }
  tokens: () => Promise<{ access_token: string; token_type: string; issuer: string }>
  saveTokens: () => void
  redirectToAuthorization: (url: URL) => Promise<void>
  saveCodeVerifier: () => void
  codeVerifier: () => string
  validateResourceURL: (serverUrl: string | URL, resource?: string) => Promise<URL>
}

export function mcpAuth(options: McpAuthOptions): McpAuth {
  const { resource, issuer, clientId } = options
  const system = options.system ?? realSystem
  const session = createSession(options)
  let given: string | undefined
  const token = async (): Promise<string> => {
    given = await session.accessToken()
    return given
  }
  const renew = async (serverUrl: string | URL): Promise<void> => {
    assertWithin(serverUrl, resource)
    given = await session.accessToken(given)
  }
  return {
    token,
    onUnauthorized: ({ serverUrl }) => renew(serverUrl),
    fetch: async (url, init = {}) => {
      // The SDK asks for metadata by the same function, also elsewhere; the token is for one place.
      if (!isWithin(url, resource)) return system.fetch(String(url), init)
      const { method, signal, body } = init
      if (body !== undefined && body !== null && typeof body !== 'string')
        throw new TypeError('only requests with text can be sent twice')
      return session.fetch(url, {
        headers: withoutToken(init.headers),
        ...(method === undefined ? {} : { method }),
        ...(signal ? { signal } : {}),
        ...(typeof body === 'string' ? { body } : {}),
      })
    },
    generation1: {
      // Nobody is ever sent there: it stands for "a person signs in", which happens elsewhere.
      redirectUrl: PLACEHOLDER,
      clientMetadata: {
        client_name: clientId,
        redirect_uris: [PLACEHOLDER],
        token_endpoint_auth_method: 'none',
      },
      // MX-07: with the issuer the SDK shows it to no other server.
      clientInformation: () => ({ client_id: clientId, issuer }),
      tokens: async () => ({ access_token: await token(), token_type: 'Bearer', issuer }),
      saveTokens: () => {},
      redirectToAuthorization: async () => {
        // This generation gives up at this point; the next call has the new token.
        given = await session.accessToken(given)
      },
      saveCodeVerifier: () => {},
      codeVerifier: () => '',
      validateResourceURL: async (serverUrl) => {
        assertWithin(serverUrl, resource)
        return new URL(resource)
      },
    },
  }
}

/** MX-04: a token for one server is not shown to another, whoever asks. */
function assertWithin(url: string | URL, resource: string): void {
  if (!isWithin(url, resource)) throw new TypeError(`${new URL(url).origin} is not within ${resource}`)
}

function isWithin(text: string | URL, resource: string): boolean {
  const [url, home] = [new URL(text), new URL(resource)]
  const inside = home.pathname.endsWith('/') ? home.pathname : `${home.pathname}/`
  return url.origin === home.origin && (url.pathname === home.pathname || url.pathname.startsWith(inside))
}

function withoutToken(given: RequestInit['headers']): Headers {
  const headers = new Headers(given)
  headers.delete('authorization')
  return headers
}

const PLACEHOLDER = 'http://127.0.0.1/callback'
