// The commands in a program that is built with the real yargs.
import { importOf, testAdapter } from '../testing/adapter-suite.ts'

testAdapter({
  name: 'yargs',
  flagInHelp: /--device-name\s+the name of this computer/,
  files: (auth) => ({
    'main.mjs': `${importOf('yargs', 'yargs')}
${auth}
await yargs(process.argv.slice(2)).scriptName('acme').command(auth.yargs()).strict().demandCommand().parseAsync()`,
  }),
})
