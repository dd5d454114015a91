// The commands that a program gets with its sign-in, in the order of its help. Only the words are here; what
// a command does is loaded when it is asked for (commands/<name>.ts). Flags of several commands are flags.ts.
import { type App, variable } from '../app.ts'
import { withNetwork } from '../network.ts'
import { type Command, textFlag } from './command.ts'
import {
  allFlag,
  caFileFlag,
  jsonFlag,
  narrowingFlags,
  serverFlags,
  signInFlags,
  storeFlag,
  targetFlags,
  transportFlags,
  twoStepFlags,
} from './flags.ts'

export function commandsOf(app: App): readonly Command[] {
  const all = [login, logout, status, token, execute, switchAccount, link, helper, doctor, completion]
  return all.map((describe) => withCaFile(describe(app)))
}

/** Whoever gives `--ca-file` asks for it to hold in this process, whatever the program has chosen. */
function withCaFile(command: Command): Command {
  if (!command.flags.some(({ name }) => name === 'ca-file')) return command
  const load: Command['load'] = async () => {
    const { run } = await command.load()
    return {
      run: (call, context) => {
        const caFile = textFlag(call.flags, 'caFile')
        if (caFile === undefined) return run(call, context)
        return run(call, { ...context, system: withNetwork(context.system, { ...context, caFile }) })
      },
    }
  }
  return { ...command, load }
}

function login(app: App): Command {
  return {
    name: 'login',
    summary: 'sign in',
    flags: [
      ...signInFlags(app),
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
      ...transportFlags(app),
      storeFlag(app),
      { name: 'resource', value: 'url', description: 'the API that tokens are for' },
      ...twoStepFlags,
      caFileFlag(app),
      jsonFlag,
    ],
    load: () => import('./login.ts'),
  }
}

function logout(app: App): Command {
  return {
    name: 'logout',
    summary: 'sign out, here and on the server',
    flags: [...targetFlags(app), allFlag, caFileFlag(app), jsonFlag],
    load: () => import('./logout.ts'),
  }
}

function status(app: App): Command {
  return {
    name: 'status',
    summary: 'show who is signed in and whether it can be used (exit 4 when not)',
    flags: [...targetFlags(app), allFlag, storeFlag(app), jsonFlag],
    load: () => import('./status.ts'),
  }
}

function token(app: App): Command {
  return {
    name: 'token',
    summary: `print an access token, renewed if needed (${variable(app, 'TOKEN')} wins)`,
    flags: [
      ...targetFlags(app),
      ...narrowingFlags,
      {
        name: 'connection',
        value: 'provider',
        description: 'of the account that you connected on the server, such as github',
      },
      { name: 'header', description: 'as a header, for: curl -H @-' },
      caFileFlag(app),
      jsonFlag,
    ],
    load: () => import('./token.ts'),
  }
}

function execute(app: App): Command {
  return {
    name: 'exec',
    summary: 'run a program with a short-lived token in its environment',
    arguments: [
      { name: 'command', description: 'the program and what it is given', required: true, rest: true },
    ],
    flags: [
      ...targetFlags(app),
      ...narrowingFlags,
      {
        name: 'env',
        value: 'name',
        description: `the variable that holds it (else ${variable(app, 'TOKEN')})`,
      },
      caFileFlag(app),
    ],
    load: () => import('./exec.ts'),
  }
}

function switchAccount(app: App): Command {
  return {
    name: 'switch',
    summary: 'choose the account that is used where nothing names another',
    arguments: [{ name: 'account', description: 'its id or address; on a terminal it is asked for' }],
    flags: [...serverFlags(app, 'only accounts of this server'), jsonFlag],
    load: () => import('./switch.ts'),
  }
}

function link(app: App): Command {
  return {
    name: 'link',
    summary: 'bind this directory to a server and an account (else to those in use)',
    flags: [
      ...targetFlags(app),
      { name: 'show', description: `print what .${app.directory}/config.json, here or above, says` },
      { name: 'remove', description: 'let this directory go' },
      jsonFlag,
    ],
    load: () => import('./link.ts'),
  }
}

function helper(app: App): Command {
  return {
    name: 'helper',
    summary: 'let git, docker, kubectl and npm use the sign-in',
    arguments: [
      {
        name: 'action',
        description: 'install, or the program that asks',
        required: true,
        choices: ['install', 'git', 'docker', 'kubectl'],
      },
      {
        name: 'words',
        description: 'which to install for: git, docker, kubectl, npm; else what the program asks',
        many: true,
        choices: ['git', 'docker', 'kubectl', 'npm'],
      },
    ],
    flags: [
      {
        name: 'host',
        value: 'url',
        description: `where the token may be sent${hostsInWords(app)}; no other host gets it`,
      },
      { name: 'print', description: 'with install: print what would change, and change nothing' },
      { name: 'remove', description: 'with install: take it back' },
      ...targetFlags(app),
      ...narrowingFlags,
      {
        name: 'username',
        value: 'name',
        description: 'what goes with the token where a name is asked for (else oauth2)',
      },
      caFileFlag(app),
      jsonFlag,
    ],
    load: () => import('./helper.ts'),
  }
}

function hostsInWords({ hosts }: App): string {
  const known = [...new Set(Object.values(hosts).flat())]
  return known.length > 0 ? ` (else ${known.join(', ')})` : ''
}

function doctor(app: App): Command {
  return {
    name: 'doctor',
    summary: 'look for what is in the way of signing in; the report holds no secrets',
    flags: [...serverFlags(app), storeFlag(app), caFileFlag(app), jsonFlag],
    load: () => import('./doctor.ts'),
  }
}

function completion(app: App): Command {
  return {
    name: 'completion',
    summary: 'print what makes a shell complete commands and flags',
    arguments: [
      { name: 'shell', description: 'which one', required: true, choices: ['bash', 'zsh', 'fish'] },
    ],
    flags: [],
    load: async () => {
      const { completionOf } = await import('./completion.ts')
      return { run: completionOf(commandsOf(app)) }
    },
  }
}
