import type { Clock } from "../../ports/clock.ts";
import { describeThrown } from "../../ports/thrown.ts";
import type { HealthHost, ProbeAnswer, ProbeServer } from "../../ports/health.ts";
import type { Logger } from "../../ports/logger.ts";
import { answerPage, answerProbe, type HealthReport } from "./report.ts";
import type { HealthPage, ResolvedHealth } from "../options/health.ts";
import { Heartbeat } from "./heartbeat.ts";

/** What probing needs of the worker. */
export interface ProbesParts {
  readonly host: HealthHost;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: () => HealthReport;
}

/** The health endpoints and the heartbeat file of a worker, as far as the options have them. */
export class Probes {
  readonly #parts: ProbesParts;
  #starting: Promise<void> | null = null;
  #server: ProbeServer | null = null;
  #heartbeat: Heartbeat | null = null;

  constructor(parts: ProbesParts) {
    this.#parts = parts;
  }

  /** Where the endpoints are; null where there are none (any more). */
  get port(): number | null {
    return this.#server?.port ?? null;
  }

  /**
   * @throws CeleryError `option-invalid` for a port, a host or a file that cannot be had; `stop` then undoes what began
   */
  start(options: ResolvedHealth): Promise<void> {
    this.#starting ??= this.#start(options);
    return this.#starting;
  }

  /** Also waits for a start that is in progress. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {}); // `start` has rejected with it
    const [heartbeat, server] = [this.#heartbeat, this.#server];
    [this.#heartbeat, this.#server] = [null, null];
    await heartbeat?.stop();
    await server?.close();
  }

  async #start({ port, host, file, pages }: ResolvedHealth): Promise<void> {
    if (port !== null) await this.#serve(port, host, pages);
    if (file !== null) await this.#beat(file);
  }

  async #serve(port: number, address: string | null, pages: ResolvedHealth["pages"]): Promise<void> {
    const { host, log, health } = this.#parts;
    this.#server = await host.serve({
      port,
      host: address,
      ...(pages !== null && { page: (method, target) => this.#page(pages, method, target) }),
      answer: (method, target) => answerProbe(method, target, health()),
      onFault: (error) => log.warn("the health endpoints have trouble", { error: String(error) }),
    });
    log.info("health is served", { port: this.#server.port });
  }

  #page(pages: ReadonlyMap<string, HealthPage>, method: string, target: string): Promise<ProbeAnswer> | null {
    const path = target.replace(/\?.*/s, "");
    const page = pages.get(path);
    if (page === undefined) return null;
    const onFault = (error: unknown): void =>
      this.#parts.log.warn("a page beside the health endpoints has trouble", { path, error: describeThrown(error) });
    return answerPage(method, page, onFault);
  }

  async #beat(file: string): Promise<void> {
    const { host, clock, log, health } = this.#parts;
    const heartbeat = new Heartbeat({ file, host, clock, log, isAlive: () => health().isAlive });
    await heartbeat.start();
    this.#heartbeat = heartbeat;
  }
}
