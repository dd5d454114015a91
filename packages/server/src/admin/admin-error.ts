// What an administrator's command can be refused for, with a stable code; the message is for people.
// They are thrown by the parts of the administration, admin-*.ts, and what these call; how the program says them is the command
// line's matter.

export type AdminErrorCode = 'not_found' | 'exists' | 'refused' | 'invalid' | 'busy'

export class AdminError extends Error {
  readonly code: AdminErrorCode
  /** When to try again, where it is `busy`. */
  readonly afterSeconds: number
  constructor(code: AdminErrorCode, message: string, afterSeconds = 1) {
    super(message)
    this.code = code
    this.afterSeconds = afterSeconds
  }
}
