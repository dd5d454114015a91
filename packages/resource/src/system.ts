// Everything ambient that this room needs: clock, randomness, network. The only file that touches them; every
// function takes a `System`, so that tests can drive time. Web-standard parts only, so that the room runs wherever
// `fetch` does. Not here: the limits on what is fetched (http.ts).

export type System = {
  /** Wall clock in seconds. */
  now: () => number
  randomBytes: (count: number) => Uint8Array<ArrayBuffer>
  fetch: (url: string, init: RequestInit) => Promise<Response>
}

export const system: System = {
  now: () => Date.now() / 1000,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fetch: (url, init) => fetch(url, init),
}
