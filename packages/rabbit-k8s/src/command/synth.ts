import type { ModernProps, RabbitClusterProps, SeedProps, TlsProps } from "../cluster/props.ts";
import { type Instructed, instructionsFor } from "../constructs/instructions.ts";
import { renderOperatorCluster } from "../constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../constructs/rabbit-cluster.ts";
import { countOf, exitCodes, readText, type Terminal, UsageError } from "./terminal.ts";
import { toYaml } from "./to-yaml.ts";

/** The options of `rabbit-k8s synth`, as commander hands them over. */
export interface SynthOptions {
  readonly preset?: string;
  readonly props?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly rabbitVersion?: string;
  readonly from?: string;
  readonly replicas?: string;
  readonly image?: string;
  readonly memory?: string;
  readonly storage?: string;
  readonly storageClass?: string;
  readonly vhost?: readonly string[];
  readonly celery?: boolean;
  readonly tls?: readonly string[];
  readonly monitoring?: boolean;
  readonly operator?: boolean;
  readonly withSecret?: string | true;
}

/**
 * Writes manifests to the standard output; warnings, and the commands that make the Secrets, to the other.
 *
 * @throws UsageError when the options make no sense together.
 */
export function synth(options: SynthOptions, terminal: Terminal): number {
  const props = readProps(options, terminal);
  if (options.operator === true) {
    if (props.preset === "seed")
      throw new UsageError("--operator renders the modern cluster only; leave out --preset seed");
    return write(renderOperatorCluster(props), terminal);
  }
  return write(renderCluster(props), terminal);
}

function write(rendered: Instructed, terminal: Terminal): number {
  terminal.out(toYaml(rendered.manifests));
  terminal.err(instructionsFor(rendered));
  return exitCodes.well;
}

function readProps(options: SynthOptions, terminal: Terminal): RabbitClusterProps {
  const preset = options.preset ?? "modern";
  if (preset !== "seed" && preset !== "modern")
    throw new UsageError(`there is no preset "${preset}"; use seed or modern`);
  if (preset === "seed") {
    const alien = modernOnly.find((name) => options[name] !== undefined);
    if (alien !== undefined)
      throw new UsageError(`--${alien} is for the modern cluster; leave it out with --preset seed`);
    return seedProps(options, terminal);
  }
  if (options.withSecret !== undefined)
    throw new UsageError("--with-secret is for --preset seed; the modern cluster's Secrets are never rendered");
  const file = options.props === undefined ? {} : readPropsFile(options.props, terminal);
  const props = { ...file, ...modernProps(options, file) };
  if (props.version === undefined) throw new UsageError("which RabbitMQ? Give --version, such as --version 4.3");
  if (props.namespace === undefined) throw new UsageError("where? Give --namespace");
  return { ...props, version: props.version, namespace: props.namespace };
}

/** Options that do not apply to the original document's cluster. */
const modernOnly = ["props", "name", "from", "memory", "vhost", "celery", "tls", "monitoring"] as const;

/** Which props there are, and of which kind, is checked with all others. */
function readPropsFile(file: string, terminal: Terminal): Partial<ModernProps> {
  const text = readText(file, terminal);
  const props = parseJson(file, text);
  if (typeof props !== "object" || props === null || Array.isArray(props))
    throw new UsageError(`--props ${file}: it must hold one JSON object, such as {"plugins": ["rabbitmq_stream"]}`);
  return props;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`--props ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The two values of the document's Secret, by the names of its keys. */
function seedSecret(from: string | true, terminal: Terminal): NonNullable<SeedProps["secretValues"]> {
  const lines = from === true ? null : readText(from, terminal).split(/\r?\n/);
  const place = from === true ? "the environment" : from;
  const value = (name: string): string => {
    const line = lines?.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const text = lines === null ? terminal.variable(name) : line;
    if (text === undefined || text === "") throw new UsageError(`--with-secret: there is no ${name} in ${place}`);
    return text;
  };
  return { erlangCookie: value("RABBITMQ_ERLANG_COOKIE"), adminPassword: value("RABBITMQ_ADMIN_PASSWORD") };
}

function seedProps(options: SynthOptions, terminal: Terminal): SeedProps {
  return {
    preset: "seed",
    ...(options.withSecret !== undefined && { secretValues: seedSecret(options.withSecret, terminal) }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.rabbitVersion !== undefined && { version: options.rabbitVersion }),
    ...(options.image !== undefined && { image: options.image }),
    ...(options.replicas !== undefined && { replicas: countOf(options.replicas) }),
    storage: {
      ...(options.storage !== undefined && { size: options.storage }),
      ...(options.storageClass !== undefined && { className: options.storageClass }),
    },
  };
}

/** The props of options; an option changes one prop of the file. */
function modernProps(options: SynthOptions, file: Partial<ModernProps>): Partial<ModernProps> {
  const storage = {
    ...(options.storage !== undefined && { size: options.storage }),
    ...(options.storageClass !== undefined && { className: options.storageClass }),
  };
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.rabbitVersion !== undefined && { version: options.rabbitVersion }),
    ...(options.from !== undefined && { from: options.from }),
    ...(options.replicas !== undefined && { replicas: countOf(options.replicas) }),
    ...(options.image !== undefined && { image: options.image }),
    ...(options.memory !== undefined && { resources: merge(file.resources, { memory: options.memory }) }),
    ...(Object.keys(storage).length > 0 && { storage: merge(file.storage, storage) }),
    ...(options.vhost !== undefined && { vhosts: options.vhost.map((name) => ({ name })) }),
    ...(options.celery === true && !isObject(file.celery) && { celery: true }),
    ...(options.monitoring === true && !isObject(file.monitoring) && { monitoring: true }),
    ...(options.tls !== undefined && { tls: mergeTls(file.tls, parseTls(options.tls)) }),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is no object in the file is refused with the file's other props. */
function merge<Props extends object>(file: Props | undefined, given: Props): Props {
  return file === undefined || isObject(file) ? { ...file, ...given } : file;
}

/** An option for the source of the certificate replaces that of the file. */
function mergeTls(file: TlsProps | undefined, given: TlsProps): TlsProps {
  if (file === undefined || !isObject(file) || (given.issuer === undefined && given.secretName === undefined))
    return merge(file, given);
  const { issuer: _issuer, secretName: _secretName, ...rest } = file;
  return { ...rest, ...given };
}

/** Reads `issuer=NAME`, `cluster-issuer=NAME`, `secret=NAME`, `keep-plain`, `verify-clients`, `inter-node`. */
function parseTls(words: readonly string[]): TlsProps {
  const settings = words.flatMap((word) => word.split(",")).map(tlsSetting);
  return Object.assign({}, ...settings) as TlsProps;
}

function tlsSetting(word: string): TlsProps {
  const [key = "", name = ""] = word.split("=");
  if (name !== "") {
    if (key === "issuer") return { issuer: { name } };
    if (key === "cluster-issuer") return { issuer: { name, kind: "ClusterIssuer" } };
    if (key === "secret") return { secretName: name };
  }
  if (word === "keep-plain") return { keepPlain: true };
  if (word === "verify-clients") return { verifyClients: true };
  if (word === "inter-node") return { interNode: true };
  throw new UsageError(
    `--tls does not know "${word}"; use issuer=NAME, cluster-issuer=NAME or secret=NAME, and keep-plain, verify-clients, inter-node`,
  );
}
