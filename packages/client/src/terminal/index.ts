// The terminal for programs that add commands of their own beside those of a sign-in.
// Nothing is defined here; the voice is terminal.ts.
export { onFirstSignal } from './signals.ts'
export {
  clean,
  createTerminal,
  type Exit,
  exits,
  explain,
  type Failure,
  jsonLine,
  type Streams,
  type Style,
  type Terminal,
  UsageError,
} from './terminal.ts'
