// What an administrator's command can be refused for, with a stable code; the message is for people.
// Where they are thrown is admin.ts and new-client.ts; how the program says them is the command line's matter.

export type AdminErrorCode = 'not_found' | 'exists' | 'refused' | 'invalid' | 'busy'

export class AdminError extends Error {
  readonly code: AdminErrorCode
  constructor(code: AdminErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
