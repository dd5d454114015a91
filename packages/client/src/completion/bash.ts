// Completion for bash, from 3.2 on, which macOS still has: no associative arrays, no bash-completion needed.
// Not here: what can be completed (words.ts).
import { flattened, functionName, placesOf, quoted, type Words } from './words.ts'

export function bashCompletion(command: string, words: readonly Words[]): string {
  const name = functionName(command)
  const all = flattened(words)
  return `# bash completion of ${command}; put into ~/.bashrc:  source <(${command} completion bash)
${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path="" place=0 i=1 skip=""
  COMPREPLY=()
  while [ "$i" -lt "$COMP_CWORD" ]; do
    if [ -n "$skip" ]; then
      skip=""
    elif [ "\${COMP_WORDS[i]#-}" != "\${COMP_WORDS[i]}" ]; then
      case "$path \${COMP_WORDS[i]}" in
${all.flatMap(({ path, words: { flags } }) => takingValues(path, flags)).join('\n')}
      esac
    else
      case "$path \${COMP_WORDS[i]}" in
${all.map(({ path }) => `        ${quoted(` ${path.join(' ')}`)}) path="$path \${COMP_WORDS[i]}"; place=0 ;;`).join('\n')}
        *) place=$((place + 1)) ;;
      esac
    fi
    i=$((i + 1))
  done
  if [ -n "$skip" ]; then
    compopt -o default 2>/dev/null
    return
  fi
  case "$path" in
    '') set -- ${[...words.map((one) => one.name), '--help', '--version'].map(quoted).join(' ')} ;;
${all.map(({ path, words: one }) => caseOf(path, one)).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$*" -- "$word"))
}
complete -F ${name} ${command}`
}

function takingValues(path: readonly string[], flags: Words['flags']): string[] {
  const taking = flags.filter(({ value }) => value !== undefined)
  if (taking.length === 0) return []
  return [`        ${taking.map(({ name }) => quoted(` ${path.join(' ')} --${name}`)).join('|')}) skip=1 ;;`]
}

function caseOf(path: readonly string[], one: Words): string {
  const flags = [...one.flags.map(({ name }) => `--${name}`), '--help'].map(quoted).join(' ')
  const places = placesOf(one)
  const arms = places.map((choices, at) => {
    const place = at === places.length - 1 && at > 0 ? '*' : String(at)
    return `${place}) set -- ${choices.map(quoted).join(' ')} ${flags} ;;`
  })
  const rest = places.length > 1 ? '' : ` *) set -- ${flags} ;;`
  return `    ${quoted(` ${path.join(' ')}`)}) case "$place" in ${arms.join(' ')}${rest} esac ;;`
}
