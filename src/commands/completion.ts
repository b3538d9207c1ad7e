import type { Command } from 'commander'
import { COMMANDS, LOCAL_COMMANDS } from './console/command-table.ts'

/** What may follow each command: its options, and for the console what it may be told. */
function choicesOf(program: Command): { command: string; words: string[] }[] {
  return program.commands.map((command) => {
    const options = command.options.flatMap(({ long }) => (long === undefined ? [] : [long]))
    const name = command.name()
    const shells = name === 'completion' ? ['bash', 'zsh', 'fish'] : []
    const lines =
      name === 'console' ? [...COMMANDS.keys(), ...LOCAL_COMMANDS].filter((line) => !line.includes(' ')) : []
    return { command: name, words: [...options, '--help', ...shells, ...lines] }
  })
}

/** The script that completes the command line in a shell; options that take a file or folder complete paths. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const choices = choicesOf(program)
  const commands = choices.map(({ command }) => command).join(' ')
  switch (shell) {
    case 'bash':
      return `# tollgate completion bash: source it, or put it into /etc/bash_completion.d
_tollgate() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words
  case $before in
    --*-path|--*-file|--path) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  case \${COMP_WORDS[1]} in
${choices.map(({ command, words }) => `    ${command}) words="${words.join(' ')}" ;;`).join('\n')}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${commands} --help --version"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _tollgate tollgate
`
    case 'zsh':
      return `#compdef tollgate
# tollgate completion zsh: save it as _tollgate in a folder of $fpath
_tollgate() {
  if (( CURRENT == 2 )); then
    compadd -- ${commands} --help --version
    return
  fi
  case $words[CURRENT-1] in
    --*-path|--*-file|--path) _files; return ;;
  esac
  case $words[2] in
${choices.map(({ command, words }) => `    ${command}) compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
}
compdef _tollgate tollgate
`
    case 'fish':
      return `# tollgate completion fish: save it as ~/.config/fish/completions/tollgate.fish
complete -c tollgate -n __fish_use_subcommand -f -a "${commands}"
${program.commands.flatMap(fishLines).join('\n')}
`
  }
}

function fishLines(command: Command): string[] {
  const when = `complete -c tollgate -n "__fish_seen_subcommand_from ${command.name()}"`
  const { words } = choicesOf(command.parent ?? command).find((each) => each.command === command.name()) ?? {
    words: [],
  }
  const plain = words.filter((word) => !word.startsWith('--'))
  return [
    ...command.options.flatMap(({ long, description, required }) =>
      long === undefined
        ? []
        : `${when} -l ${long.slice(2)} -d '${description.replaceAll("'", '')}'${!required ? '' : /-(path|file)$|^--path$/.test(long) ? ' -r' : ' -x'}`,
    ),
    ...(plain.length === 0 ? [] : [`${when} -f -a "${plain.join(' ')}"`]),
  ]
}
