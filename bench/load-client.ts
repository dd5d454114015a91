// The main process's end of the load generator: starts it on its own core and hands it one job at a time.
// The work is done in load.ts.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from './load-job.ts'
import { pinned } from './pin.ts'

export type LoadGenerator = { run: (job: LoadJob) => Promise<LoadResult>; stop: () => void }

type Reply = { result: LoadResult } | { failed: string }

export function startLoadGenerator(): LoadGenerator {
  const [command, ...args] = pinned('load', [process.execPath])
  const child = fork(fileURLToPath(new URL('load.ts', import.meta.url)), {
    execPath: command ?? process.execPath,
    execArgv: args,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the load generator ended'))
        child.once('exit', ended)
        child.once('message', (reply: Reply) => {
          child.off('exit', ended)
          if ('result' in reply) resolve(reply.result)
          else reject(new Error(reply.failed))
        })
        child.send(job)
      }),
    stop: () => child.disconnect(),
  }
}
