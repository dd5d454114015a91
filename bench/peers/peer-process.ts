// The inner end of the control channel of a peer's process: takes one task after the other and says what came of it.
// The outer end is startPeer of ../target.ts; the work itself is in each peer's server file.
import type { Row } from '../load-job.ts'
import type { PeerReply, PeerTask } from '../target.ts'

export type PeerWork = {
  /** Does directly what the peer's own approval page does in the end, for each device code. */
  approve: (deviceCodes: string[]) => Promise<void>
  /** Makes what the peer's authorization endpoint makes in the end: rows of [code, code_verifier]. */
  makeCodes: (count: number) => Promise<Row[]>
}

export function listenForTasks(work: PeerWork): void {
  const reply = (message: PeerReply) => process.send?.(message)
  process.on('message', async (task: PeerTask) => {
    try {
      const rows = 'makeCodes' in task ? await work.makeCodes(task.makeCodes) : []
      if ('approve' in task) await work.approve(task.approve)
      reply({ done: true, rows })
    } catch (error) {
      reply({ done: false, failed: String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
  process.on('SIGTERM', () => process.exit(0))
}
