import { type CommandWords, type Place, places, spellings } from "./command-words.ts";

/** A script for bash 4 and later: completes commands and options; files after an option with a value. */
export function bashCompletion(program: CommandWords): string {
  const all = places(program);
  const name = program.name;
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" index=1
  while [ "$index" -lt "$COMP_CWORD" ]; do
    case "$path \${COMP_WORDS[index]}" in
${all
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      "${before(path)} ${path.at(-1)}") path="${path.join(" ")}" ;;\n`)
  .join("")}    esac
    index=$((index + 1))
  done
  case "$previous" in
    ${valueOptions(all).join("|")}) compopt -o default; COMPREPLY=(); return ;;
  esac
  local words=""
  case "$path" in
${all.map((place) => `    "${place.path.join(" ")}") words="${wordsAt(place).join(" ")}" ;;\n`).join("")}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ "\${#COMPREPLY[@]}" -gt 0 ] || compopt -o default
}
complete -F _${name} ${name}
`;
}

function before(path: readonly string[]): string {
  return path.slice(0, -1).join(" ");
}

function wordsAt({ command, options }: Place): readonly string[] {
  return [...command.commands.map(({ name }) => name), ...options.flatMap(spellings)];
}

function valueOptions(all: readonly Place[]): readonly string[] {
  const taking = all.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Set(taking.flatMap(spellings))];
}
