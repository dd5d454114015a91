// What an administrator's command can be refused for, with a stable code; the message is for people.

export type AdminErrorCode = 'not_found' | 'exists' | 'invalid' | 'busy'

export class AdminError extends Error {
  readonly code: AdminErrorCode
  constructor(code: AdminErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
