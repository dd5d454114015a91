// Return codes with this server's key: made of the decision instead of drawn, so that the browser that decided can be shown
// the same code again although it is stored nowhere; and hashed for the record.
// What a code looks like and what a guess costs is protocol/return-code.ts; where it is shown, pages/return-code.ts.

import { returnCode } from '@countersign/protocol'
import { sameSecret } from './secrets.ts'
import type { Services } from './services.ts'

type Needs = Pick<Services, 'secrets'>

export interface Deciding {
  /** Of the device authorization. */
  readonly id: string
  /** Drawn with the decision, so that no two decisions have one code. */
  readonly grantId: string
  /** The browser's session: any other browser of the same person makes another code, which fits nothing. */
  readonly sessionId: string
}

export function makeReturnCode({ secrets }: Needs, { id, grantId, sessionId }: Deciding): string {
  for (let attempt = 0; ; attempt++) {
    const bytes = secrets.mac('return code', JSON.stringify([id, grantId, sessionId, attempt]))
    const code = returnCode.drawReturnCode(Buffer.from(bytes, 'base64url'))
    if (code !== undefined) return code
  }
}

/** Keyed like user codes, and another one for each request. */
export function hashReturnCode({ secrets }: Needs, id: string, code: string): string {
  return secrets.mac('return code hash', JSON.stringify([id, code]))
}

/** What came with a poll, as the rules take it. */
export function readSentCode(services: Needs, id: string, sent: string | undefined) {
  if (sent === undefined) return undefined
  const code = returnCode.readReturnCode(sent)
  return code === undefined ? 'unreadable' : hashReturnCode(services, id, code)
}

/** The code to show; undefined in a browser that did not decide. */
export function codeToShow(services: Needs, deciding: Deciding, hash: string): string | undefined {
  const code = makeReturnCode(services, deciding)
  return sameSecret(hashReturnCode(services, deciding.id, code), hash) ? code : undefined
}
