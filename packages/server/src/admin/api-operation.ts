// One operation of the administration API: where it is, who may call it, what goes in and what comes out, and the doing.
// The same description is checked at each call (api.ts) and published as OpenAPI (api-openapi.ts). The operations are api-*.ts.

import type { z } from 'zod'
import type { PlainResponse } from '../http.ts'
import type { Method } from '../routes.ts'
import type { Administration } from './administration.ts'
import type { Caller } from './api-caller.ts'
import type { Right } from './api-scopes.ts'

/** The names in braces of a path such as `/accounts/{id}`. */
type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never

export interface Call<Params, Query, Body> {
  readonly admin: Administration
  readonly caller: Caller
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

export interface Described {
  /** Names it in OpenAPI and in clients that are generated. */
  readonly id: string
  readonly method: Method
  readonly path: string
  readonly summary: string
  readonly tag: string
  readonly needs: Right
  readonly query?: z.ZodObject | undefined
  readonly body?: z.ZodType | undefined
  readonly answer: Answer
  /** Reads so much that it is done one at a time (heavy-work.ts); the answer may be shared, so only for what does not ask who. */
  readonly heavy?: boolean
}

export interface Answer {
  readonly status: 200 | 201 | 204
  readonly says: string
  /** Left out where there is no body. */
  readonly schema?: z.ZodType
  /** Instead of JSON. */
  readonly type?: string
}

/** The body, or a whole response where that is not JSON; with 204 it is left out. */
type Done = Promise<object | PlainResponse> | Promise<void>

export interface Operation extends Described {
  readonly run: (call: Call<Readonly<Record<string, string>>, unknown, unknown>) => Done
}

/** Ties the doing to the description. */
export function operation<const Path extends string, Q extends z.ZodObject, B extends z.ZodType>(
  said: Omit<Described, 'path' | 'query' | 'body'> & {
    readonly path: Path
    readonly query?: Q
    readonly body?: B
    readonly run: (call: Call<Readonly<Record<Names<Path>, string>>, z.output<Q>, z.output<B>>) => Done
  },
): Operation {
  return said as unknown as Operation
}
