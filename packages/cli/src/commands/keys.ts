// `countersign keys`: the signing keys of the server.
// How they are kept and rotated is @countersign/server.
import type { Command } from 'commander'
import { type AdminFlags, adminCommand, defineGroup, withAdmin } from '../admin.ts'
import type { Context } from '../context.ts'
import { minuteOf, table } from '../table.ts'

export function define(program: Command, context: Context): void {
  const keys = defineGroup(program, 'keys', 'list and rotate signing keys')
  adminCommand(keys, 'list', 'list the signing keys (never their secret half)').action((flags: AdminFlags) =>
    withAdmin(flags, context, async (admin) => {
      const found = await admin.listKeys()
      if (flags.json) return context.terminal.printJson(found)
      type Row = (typeof found)[number]
      const columns = [
        { title: 'id', of: (key: Row) => key.kid },
        { title: 'algorithm', of: (key: Row) => key.alg },
        { title: 'state', of: (key: Row) => key.state },
        { title: 'made', of: (key: Row) => minuteOf(key.created_at) },
        { title: 'signs from', of: (key: Row) => minuteOf(key.active_at) },
      ]
      context.terminal.print(table(found, columns, 'No keys yet; the server makes them at its first start.'))
    }),
  )
  adminCommand(
    keys,
    'rotate',
    'make new signing keys; the old ones verify until their tokens have ended',
  ).action((flags: AdminFlags) =>
    withAdmin(flags, context, async (admin) => {
      const made = await admin.rotateKeys()
      if (flags.json) context.terminal.printJson(made)
      else
        context.terminal.succeed('New signing keys are in place; tokens signed by the old ones stay valid.')
    }),
  )
}
