// The commands in a program that is built with the real citty.
import { importOf, testAdapter } from '../testing/adapter-suite.ts'

testAdapter({
  name: 'citty',
  flagInHelp: /--device-name/,
  files: (auth) => ({
    'main.mjs': `${importOf('{ defineCommand, runMain }', 'citty')}
${auth}
await runMain(defineCommand({ meta: { name: 'acme' }, subCommands: { ...auth.citty() } }))`,
  }),
})
