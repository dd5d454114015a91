// The commands that a program gets with its sign-in, in the order of its help. Only the words are here; what
// a command does is loaded when it is asked for (commands/<name>.ts).
import type { App } from '../app.ts'
import { variable } from '../app.ts'
import type { Command, Flag } from './command.ts'

export function commandsOf(app: App): readonly Command[] {
  const json = { name: 'json', description: 'print one JSON object on stdout' }
  const target = targetFlags(app)
  return [
    {
      name: 'login',
      summary: 'sign in',
      flags: [
        ...target,
        {
          name: 'scope',
          value: 'scopes',
          description: `what to ask for, separated by spaces (else ${app.scope})`,
        },
        {
          name: 'device-name',
          value: 'name',
          description: 'the name of this computer in your list of devices',
        },
        { name: 'device', description: 'sign in with a code, to be entered on any device' },
        json,
      ],
      load: () => import('./login.ts'),
    },
    {
      name: 'logout',
      summary: 'sign out, here and on the server',
      flags: [
        ...target,
        { name: 'all', description: 'every account of every server on this computer' },
        json,
      ],
      load: () => import('./logout.ts'),
    },
    {
      name: 'status',
      summary: 'show who is signed in and whether it can be used (exit 4 when not)',
      flags: [...target, json],
      load: () => import('./status.ts'),
    },
    {
      name: 'token',
      summary: `print an access token, renewed if needed (${variable(app, 'TOKEN')} wins)`,
      flags: [
        ...target,
        { name: 'account', value: 'id', description: 'of this account, by its id or address' },
        json,
      ],
      load: () => import('./token.ts'),
    },
  ]
}

function targetFlags(app: App): readonly Flag[] {
  return [
    {
      name: 'server',
      value: 'url',
      description: `the server (else ${variable(app, 'SERVER')}, else the latest sign-in)`,
    },
    { name: 'issuer', value: 'url', description: 'the same as --server' },
    {
      name: 'client-id',
      value: 'id',
      description: `which program this is (else ${variable(app, 'CLIENT_ID')})`,
    },
  ]
}
