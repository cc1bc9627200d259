import { type CommandWords, type OptionWords, type Place, places, spellings, summary } from "./command-words.ts";

/** A script for zsh: completes words with their descriptions, and files as values. */
export function zshCompletion(program: CommandWords): string {
  const all = places(program);
  const name = program.name;
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${name}() {
  local context state line path="" index=2
  while (( index < CURRENT )); do
    case "$path \${words[index]}" in
${all
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      "${path.slice(0, -1).join(" ")} ${path.at(-1)}") path="${path.join(" ")}" ;;\n`)
  .join("")}    esac
    (( index++ ))
  done
  local -a commands options
  case "$path" in
${all.map(branch).join("")}  esac
  case "\${words[CURRENT-1]}" in
    ${valueOptions(all).join("|")}) _files; return ;;
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then _describe option options
  elif (( \${#commands} )); then _describe command commands
  else _files; fi
}
compdef _${name} ${name}
`;
}

function branch({ path, command, options }: Place): string {
  const commands = command.commands.map((child) => `'${child.name}:${summary(child.description)}'`);
  return `    "${path.join(" ")}")
      commands=(${commands.join(" ")})
      options=(${options.flatMap(described).join(" ")}) ;;
`;
}

function described(option: OptionWords): readonly string[] {
  return spellings(option).map((word) => `'${word}:${summary(option.description)}'`);
}

function valueOptions(all: readonly Place[]): readonly string[] {
  const taking = all.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue));
  return [...new Set(taking.flatMap(spellings))];
}
