// The commands in a program that is built with the real commander.
import { importOf, testAdapter } from '../testing/adapter-suite.ts'

testAdapter({
  name: 'commander',
  flagInHelp: /--device-name <name>/,
  files: (auth) => ({
    'main.mjs': `${importOf('{ Command }', 'commander')}
${auth}
await auth.addTo(new Command('acme')).parseAsync()`,
  }),
})
