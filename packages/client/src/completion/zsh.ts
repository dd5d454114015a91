// Completion for zsh, by its own `_arguments` and `_describe`.
// Not here: what can be completed (words.ts).
import { functionName, placesOf, quoted, type Words } from './words.ts'

export function zshCompletion(command: string, words: readonly Words[]): string {
  const name = functionName(command)
  return `#compdef ${command}
# zsh completion of ${command}; put into ~/.zshrc, behind compinit:  source <(${command} completion zsh)
${functionsFor(name, words)}compdef ${name} ${command}`
}

/** One function for each command that has commands below it. */
function functionsFor(name: string, words: readonly Words[]): string {
  const inner = words
    .filter(({ below }) => below.length > 0)
    .map((one) => functionsFor(nameBelow(name, one), one.below))
  const arms = words.map((one) => `      ${quoted(one.name)}) ${argumentsOf(name, one)} ;;`)
  return `${inner.join('')}${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a found
  _arguments -C '1: :->command' '*:: :->words'
  case "$state" in
    command)
      found=(${words.map(({ name: word, summary }) => quoted(`${word.replaceAll(':', '\\:')}:${summary}`)).join(' ')})
      _describe command found ;;
    words) case "$words[1]" in
${arms.join('\n')}
    esac ;;
  esac
}
`
}

function nameBelow(name: string, one: Words): string {
  return `${name}${functionName(one.name)}`
}

function argumentsOf(name: string, one: Words): string {
  if (one.below.length > 0) return nameBelow(name, one)
  const flags = one.flags.map(({ name: flag, value, description }) =>
    quoted(`--${flag}[${escaped(description)}]${value === undefined ? '' : `:${value}:_files`}`),
  )
  const places = placesOf(one)
  const given = places.map((choices, at) => {
    const place = at === places.length - 1 && at > 0 ? '*' : String(at + 1)
    return quoted(`${place}: :${choices.length > 0 ? `(${choices.join(' ')})` : '_files'}`)
  })
  return ['_arguments', ...flags, ...given].join(' ')
}

function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, (char) => `\\${char}`)
}
