// The measured operations in the order in which one round runs them, each with its goal.
// Where an operation's requests come from is in rounds.ts; how each server spells it is in that server's file.

export const operations = [
  'metadata',
  'device authorization',
  'poll of a pending code',
  'poll in a tight loop',
  'redemption, opaque',
  'redemption, ES256 JWT',
  'code redemption, opaque',
  'refresh',
  'client credentials, ES256',
  'client credentials, EdDSA',
  'introspection, opaque',
  'introspection, JWT',
] as const

export type OperationName = (typeof operations)[number]

/** Ratios to the floor that the finished product should reach. */
export const goals: Record<OperationName, { sqlite: number; postgres: number }> = {
  metadata: { sqlite: 0.8, postgres: 0.8 },
  'device authorization': { sqlite: 0.47, postgres: 0.3 },
  'poll of a pending code': { sqlite: 0.68, postgres: 0.57 },
  'poll in a tight loop': { sqlite: 0.68, postgres: 0.65 },
  'redemption, opaque': { sqlite: 0.4, postgres: 0.27 },
  'redemption, ES256 JWT': { sqlite: 0.23, postgres: 0.15 },
  // No goal of its own: it is held to that of the redemption of a device code, of whose kind its work is.
  'code redemption, opaque': { sqlite: 0.4, postgres: 0.27 },
  refresh: { sqlite: 0.47, postgres: 0.33 },
  'client credentials, ES256': { sqlite: 0.26, postgres: 0.24 },
  'client credentials, EdDSA': { sqlite: 0.2, postgres: 0.19 },
  'introspection, opaque': { sqlite: 0.65, postgres: 0.3 },
  // No goal of its own: it is held to that of an opaque token. Ours is asked about tokens that it made, and remembers them (README.md).
  'introspection, JWT': { sqlite: 0.65, postgres: 0.3 },
}

/** What signs the access token that an operation answers with; where nothing stands it is not a JWT. */
export const signedWith: Partial<Record<OperationName, 'ES256' | 'EdDSA'>> = {
  'redemption, ES256 JWT': 'ES256',
  'client credentials, ES256': 'ES256',
  'client credentials, EdDSA': 'EdDSA',
}

/** The share of each goal that the present state of the product has to reach. */
export const goalShare = 2 / 3

/** SQLite with synchronous FULL may stay this far under the goals, which are set for NORMAL. */
export const fullShare = 3 / 4

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'
export const deviceGrantTypeEncoded = encodeURIComponent(deviceGrantType)

/** Goals that are no ratio to the floor. */
export const otherGoals = {
  coldStartMilliseconds: 400,
  idleMegabytes: 90,
  /** Beyond `node -e 0`. */
  programMilliseconds: { token: 30, 'refusal in CI': 100 },
  interruptMilliseconds: 300,
  signInMilliseconds: { median: 50, worst: 250 },
  /** What a second node on the same database may add to the median. */
  secondNodeMilliseconds: 20,
  bytesPerCode: 700,
  crowdPollShare: 0.8,
}
