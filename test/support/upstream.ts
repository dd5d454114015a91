// A real OpenID provider for tests (npm `oidc-provider`) on loopback, where anybody signs in under any name; and a person there
// without a browser, who signs in and agrees, or does not. In a real browser it is visited by journey/upstream.test.ts.

import { startOidcProvider } from './oidc-provider.ts'

export interface UpstreamServer {
  readonly issuer: string
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  /** What it says about its people, by name; all of them have verified their address unless said otherwise here. */
  readonly people: Map<string, Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

export const upstreamClient = {
  clientId: 'countersign',
  clientSecret: 'a-client-secret-of-the-provider-in-tests',
}

/** `issuers` are the addresses of the servers that send people here, `id` how they call it. */
export async function startUpstream(
  issuers: readonly string[],
  id = 'corp',
  port = 0,
): Promise<UpstreamServer> {
  const people = new Map<string, Readonly<Record<string, unknown>>>()
  const settings = {
    clients: [
      {
        client_id: upstreamClient.clientId,
        client_secret: upstreamClient.clientSecret,
        redirect_uris: issuers.map((base) => `${base}/login/upstream/${id}/callback`),
        require_auth_time: true,
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({
        sub,
        email: `${sub}@example.com`,
        email_verified: true,
        name: `${sub[0]?.toUpperCase()}${sub.slice(1)} There`,
        ...people.get(sub),
      }),
    }),
  }
  const { issuer, close } = await startOidcProvider(settings, port)
  return { issuer, client: upstreamClient, people, close }
}

/** Goes to the provider as `login` and returns the address that it sends the browser back to. */
export async function signInThere(
  start: URL,
  login: string,
  choice: 'allow' | 'deny' = 'allow',
): Promise<URL> {
  const cookies = new Map<string, string>()
  const send = async (url: URL, form?: Readonly<Record<string, string>>): Promise<URL | string> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const body = await response.text()
    const location = response.headers.get('location')
    if (location === null) return body
    const next = new URL(location, url)
    return next.origin === start.origin ? send(next) : next
  }
  let seen = await send(start)
  for (let step = 0; typeof seen === 'string' && step < 4; step++) {
    const [, there = ''] =
      (choice === 'deny' ? /<a href="([^"]+\/abort)"/ : /action="([^"]+)"/).exec(seen) ?? []
    if (there === '') throw new Error(`nothing to press there: ${seen.slice(0, 200)}`)
    const prompt = /name="prompt" value="(\w+)"/.exec(seen)?.[1] ?? 'login'
    const form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt }
    seen = await send(new URL(there, start), choice === 'deny' ? undefined : form)
  }
  if (typeof seen === 'string') throw new Error('the provider did not send the browser back')
  return seen
}
