// The flags that several commands share, in words.
// Which command has which, and the flags of one command alone, are table.ts.
import { type App, variable } from '../app.ts'
import type { Flag } from './command.ts'

export const jsonFlag: Flag = { name: 'json', description: 'print one JSON object on stdout' }

export const allFlag: Flag = { name: 'all', description: 'every account of every server on this computer' }

export function serverFlags(
  app: App,
  description = `the server (else ${variable(app, 'SERVER')}, the project, the latest choice)`,
): readonly Flag[] {
  return [
    { name: 'server', value: 'url', description },
    { name: 'issuer', value: 'url', description: 'the same as --server' },
    {
      name: 'client-id',
      value: 'id',
      description: `which program this is (else ${variable(app, 'CLIENT_ID')})`,
    },
  ]
}

/** Signing in does not follow the latest choice (../resolve.ts). */
export function signInFlags(app: App): readonly Flag[] {
  const otherwise = app.issuer === undefined ? 'the project' : `the project, ${app.issuer}`
  return serverFlags(app, `the server (else ${variable(app, 'SERVER')}, ${otherwise})`)
}

export function accountFlag(app: App): Flag {
  return {
    name: 'account',
    value: 'account',
    description: `its id or address (else ${variable(app, 'ACCOUNT')}, the project, the latest choice)`,
  }
}

/** Whose sign-in is used. */
export function targetFlags(app: App): readonly Flag[] {
  return [...serverFlags(app), accountFlag(app)]
}

/** For commands that use the network (../network.ts). */
export function caFileFlag(app: App): Flag {
  return {
    name: 'ca-file',
    value: 'path',
    description: `certificate authorities to trust too, in PEM form (else ${variable(app, 'CA_FILE')})`,
  }
}

/** Where a sign-in is kept (../store-choice.ts). */
export function storeFlag(app: App): Flag {
  return {
    name: 'store',
    value: 'kind',
    description: `keep it in the keychain or in a file (else ${variable(app, 'STORE')}, else ${app.store ?? 'the keychain if it answers'})`,
  }
}

/** How to sign in, where that should not be found out (../transport.ts). */
export function transportFlags(app: App): readonly Flag[] {
  return [
    { name: 'device', description: 'sign in with a code, to be entered on any device' },
    { name: 'loopback', description: 'sign in with a browser on this computer, whatever it looks like' },
    {
      name: 'browser',
      value: 'name',
      description: `the browser to open (else ${variable(app, 'BROWSER')}, BROWSER)`,
    },
    { name: 'no-browser', description: 'print the link, and open nothing' },
    { name: 'with-token', description: 'keep the access token that comes on stdin' },
    { name: 'explain', description: 'say how it would sign in from here, and why; do nothing' },
  ]
}

export const twoStepFlags: readonly Flag[] = [
  { name: 'no-wait', description: 'print what to tell the person, and end (exit 8); for agents' },
  {
    name: 'resume',
    value: 'flow',
    description: 'ask how a sign-in that was begun with --no-wait was decided',
  },
  {
    name: 'wait',
    value: 'seconds',
    description: 'with --no-wait and --resume: how long to wait for the person',
  },
  {
    name: 'return-code',
    value: 'characters',
    description: 'with --resume: what the browser shows (- reads stdin)',
  },
  { name: 'cancel', value: 'flow', description: 'take back a sign-in that was begun with --no-wait' },
  { name: 'stream', description: 'like --no-wait, but stay and print one line of JSON for every event' },
]

export const narrowingFlags: readonly Flag[] = [
  { name: 'for', value: 'url', description: 'a token for this API only' },
  { name: 'scope', value: 'scopes', description: 'a token for no more than this, separated by spaces' },
]
