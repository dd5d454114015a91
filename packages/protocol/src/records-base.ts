// What records of several kinds have in common. The kinds themselves are records.ts, records-clients.ts and
// records-authorization.ts.

export interface Versioned {
  readonly id: string
  /** 0 for a record that was never stored; the store adds one with each write. */
  readonly version: number
}

/** What is known of the machine that asks: seen by the server, and claimed by the machine. Never mixed. */
export interface RequestContext {
  readonly observed: { readonly address: string; readonly userAgent: string }
  readonly reported: {
    readonly deviceName: string | null
    readonly clientVersion: string | null
    readonly agent: string | null
  }
}
