// How the handler answers: JSON that nobody keeps, errors as `{"error":"text"}`, and nothing that a browser could take for
// something else. What an error of the broker becomes is refusal.ts, what a flow looks like payload.ts.

/** An answer that is thrown to end a request early; its text is a fixed sentence. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text)
    this.name = 'Refusal'
    this.status = status
    this.headers = headers
  }
}

export type Member = string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>> | null

/** Members that are undefined are left out. */
export type Payload = Readonly<Record<string, Member | undefined>>

/** What no answer goes without, whatever its kind. */
export const guarded = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const

export function json(
  status: number,
  payload: Payload,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(payload), {
    status,
    headers: { ...guarded, 'Content-Type': 'application/json; charset=utf-8', ...headers },
  })
}

export function refuse({ status, message, headers }: Refusal): Response {
  return json(status, { error: message }, headers)
}

/** RFC 9110 §9.3.2: as GET, without the content. */
export async function withoutContent(response: Response): Promise<Response> {
  await response.body?.cancel()
  return new Response(null, { status: response.status, headers: response.headers })
}
