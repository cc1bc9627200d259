/** The text of `enabled_plugins`: an Erlang list, ended by a full stop. */
export function renderPlugins(plugins: readonly string[]): string {
  return `[${plugins.join(",")}].\n`;
}
