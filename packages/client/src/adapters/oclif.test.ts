// The commands in a program that is built with the real oclif.
import { importOf, testAdapter } from '../testing/adapter-suite.ts'

testAdapter({
  name: 'oclif',
  flagInHelp: /--device-name=<name>/,
  files: (auth) => ({
    'package.json': JSON.stringify({
      name: 'acme',
      version: '1.2.3',
      type: 'module',
      oclif: {
        bin: 'acme',
        commands: { strategy: 'explicit', target: './commands.mjs', identifier: 'COMMANDS' },
      },
    }),
    'commands.mjs': `${auth}\nexport const COMMANDS = { ...auth.oclif() }`,
    'main.mjs': `${importOf('{ execute }', '@oclif/core')}
await execute({ dir: import.meta.url })`,
  }),
})
