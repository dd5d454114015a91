// What the benchmark's main process asks of the load generator, and what it gets back.
// Plain data that crosses the process border. The generator is load.ts; load-client.ts is its other end.

/** One kind of request; `{0}`, `{1}` in path, headers and body stand for the members of a row. */
export type RequestTemplate = {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

/** An answer that counts. Anything else is a failure and is never counted as speed. */
export type ExpectedAnswer = { status: number; includes: string }

export type Row = string[]

export type LoadJob = {
  port: number
  serverPid: number
  connections: number
  /** The window closes after this time, or when the rows are used up, or after `limit` requests. */
  seconds: number
  limit: number
  request: RequestTemplate
  rows: Row[]
  /** each row once in all | the rows over and over | connection n always sends row n */
  use: 'once' | 'repeat' | 'own'
  expect: ExpectedAnswer[]
  /** Name -> expression with one group, run over every answer after the window has closed. */
  collect: Record<string, string>
}

export type LoadResult = {
  completed: number
  seconds: number
  rate: number
  /** How many answers matched each entry of `expect`. */
  matched: number[]
  /** Unexpected answers by their first line, with one example. */
  failures: number
  failureExamples: string[]
  collected: Record<string, string[]>
  firstAnswer: string
  /** Share of one core that the generator and the server under test used during the window. */
  loadBusy: number
  serverBusy: number | null
}
