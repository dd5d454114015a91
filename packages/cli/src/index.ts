// The program as a function, for hosts that want to run it in their own process. The bin is main.ts.
// Nothing is defined here.

export { exits } from '@countersign/client/terminal'
export { runProgram, type Surroundings } from './program.ts'
