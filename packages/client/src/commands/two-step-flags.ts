// Whether the flags of `login` ask for a sign-in in two steps by themselves; apart, so that asking loads nothing.
// What happens then is login-two-step.ts; that agents get it without asking is ../transport.ts.
import { type Flags, isOn } from './command.ts'

export function asksForTwoSteps(flags: Flags): boolean {
  const named = ['resume', 'cancel', 'wait', 'returnCode'].some((name) => flags[name] !== undefined)
  return named || isOn(flags, 'noWait') || isOn(flags, 'stream')
}
