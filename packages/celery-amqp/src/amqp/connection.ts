import type { Clock, Ids } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { TransportState } from "../ports/transport.ts";
import { type BrokerAddress, describeAddress } from "./address.ts";
import { Backoff } from "./backoff.ts";
import { pause, within } from "./deadline.ts";
import { dial } from "./dial.ts";
import { type DialFailure, dialFailure, isBlameless, unreachable } from "./errors.ts";
import { connectionMoves } from "./lifecycle.ts";
import { Link } from "./link.ts";
import { staggered, type Staggered } from "./stagger.ts";
import type { ResolvedAmqp } from "./options.ts";

/** Clock, ids and logger of the transport's parts. */
export interface AmqpParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** A connection to one of several brokers that comes back after every loss, as a new link with the next epoch. */
export class Connection {
  readonly name: string;
  readonly #options: ResolvedAmqp;
  readonly #parts: AmqpParts;
  readonly #addresses: readonly BrokerAddress[];
  readonly #backoff: Backoff;
  readonly #onState: (state: TransportState) => void;
  readonly #stopping = new AbortController();
  #state: TransportState = "idle";
  #next = 0;
  #epoch = 0;
  #link: Link | null = null;
  #connecting: Promise<void> | null = null;
  #arrival = createArrival();

  constructor(purpose: string, options: ResolvedAmqp, parts: AmqpParts, onState: (state: TransportState) => void) {
    this.name = `${options.connectionName} ${purpose}`;
    this.#options = options;
    this.#parts = parts;
    this.#addresses = shuffled(options.addresses, parts.ids);
    this.#backoff = new Backoff(options.backoff, parts.ids);
    this.#onState = onState;
  }

  get state(): TransportState {
    return this.#state;
  }

  /** Connects once; further calls get the same promise. `retry` keeps trying while no broker answers. */
  connect(retry: boolean): Promise<void> {
    if (this.#state === "closing" || this.#state === "closed") return Promise.reject(closedError());
    if (this.#link !== null) return Promise.resolve();
    this.#connecting ??= this.#connectFirst(retry).finally(() => (this.#connecting = null));
    return this.#connecting;
  }

  /** Resolves with the live link as soon as there is one. @throws CeleryError with code `closed` after a close. */
  ready(): Promise<Link> {
    if (this.#stopping.signal.aborted) return Promise.reject(closedError());
    return this.#link === null ? this.#arrival.promise : Promise.resolve(this.#link);
  }

  /**
   * Runs `work` on the live link, and again on the next link if that is lost meanwhile, within `rpcTimeoutMs`; so
   * `work` must be idempotent.
   *
   * @throws CeleryError with code `rpc-timeout` without a connection in time, `closed`, or what `work` throws.
   */
  async use<T>(what: string, work: (link: Link) => Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    const { rpcTimeoutMs } = this.#options;
    const late = new CeleryError(
      "rpc-timeout",
      `There was no connection to the broker for ${rpcTimeoutMs} ms: ${what}. Check that the broker runs.`,
    );
    const deadline = clock.monotonicMs() + rpcTimeoutMs;
    for (;;) {
      const link = await within(clock, deadline - clock.monotonicMs(), this.ready(), () => late);
      try {
        return await work(link);
      } catch (error) {
        if (!isLinkLost(error, link) || clock.monotonicMs() >= deadline) throw error;
      }
    }
  }

  /** Drops the link if the broker does not answer within `timeoutMs`. */
  async probe(timeoutMs: number): Promise<void> {
    await this.#link?.probe(timeoutMs);
  }

  /** Back to `idle`, where a connect is possible again. */
  async disconnect(): Promise<void> {
    const link = this.#link;
    if (link === null || this.#stopping.signal.aborted) return;
    this.#link = null;
    this.#arrival = createArrival();
    this.#move("idle");
    await link.close(this.#options.rpcTimeoutMs);
  }

  /** Never rejects; bounded by `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#move("closing");
    this.#stopping.abort();
    const link = this.#link;
    this.#link = null;
    this.#arrival.reject(closedError());
    if (link !== null) await link.close(timeoutMs);
    this.#move("closed");
  }

  async #connectFirst(retry: boolean): Promise<void> {
    // After a lost link `#onLost` reconnects already.
    if (this.#state === "connecting") return void (await this.ready());
    this.#move("connecting");
    try {
      this.#adopt(await this.#dialRounds(retry ? "while unreachable" : "once"));
    } catch (error) {
      if (this.state === "connecting") this.#move("idle");
      throw error;
    }
  }

  /** Tries every address in turn, in rounds by `persistence`. */
  async #dialRounds(persistence: "once" | "while unreachable" | "always"): Promise<Link> {
    for (;;) {
      const { won, failures } = await this.#dialRound();
      if (this.#stopping.signal.aborted) throw closedError();
      if (won !== null) return won;
      const refused = failures.find(({ isFinal }) => isFinal);
      if (refused !== undefined && persistence !== "always") throw refused.error;
      if (persistence === "once") throw unreachable(failures);
      await this.#rest(failures);
    }
  }

  /** A host that is cut off does not answer: the next address is tried in parallel. */
  async #dialRound(): Promise<Staggered<Link, DialFailure>> {
    return staggered(this.#fromNext(), {
      clock: this.#parts.clock,
      afterMs: STAGGER_MS,
      attempt: async (address) => {
        if (this.#stopping.signal.aborted) return { failed: dialFailure(closedError(), address) };
        const outcome = await this.#dial(address);
        if (!(outcome instanceof Link)) return { failed: outcome };
        this.#next = this.#addresses.indexOf(address) + 1;
        return { won: outcome };
      },
      discard: (link) => void link.close(this.#options.rpcTimeoutMs),
    });
  }

  async #dial(address: BrokerAddress): Promise<Link | DialFailure> {
    try {
      const { clock } = this.#parts;
      const { rpcTimeoutMs } = this.#options;
      const dialled = await dial(address, this.#options, this.name, clock, this.#stopping.signal);
      this.#epoch += 1;
      const link = new Link(dialled, {
        epoch: this.#epoch,
        address: describeAddress(address),
        clock,
        rpcTimeoutMs,
        onBlocked: (reason) => this.#onBlocked(link, reason),
        onFault: (error) => this.#onFault(error),
      });
      if (this.#stopping.signal.aborted) link.kill(closedError());
      return link;
    } catch (error) {
      return dialFailure(error, address);
    }
  }

  async #rest(failures: readonly DialFailure[]): Promise<void> {
    const delayMs = Math.round(this.#backoff.next());
    for (const { error } of failures) {
      const fields = { connection: this.name, reason: error.message, retryInMs: delayMs };
      this.#parts.logger.warn("cannot connect to the broker, trying again", fields);
    }
    await pause(this.#parts.clock, delayMs, this.#stopping.signal);
    if (this.#stopping.signal.aborted) throw closedError();
  }

  #adopt(link: Link): void {
    this.#link = link;
    const { address, epoch } = link;
    this.#parts.logger.info("connected to the broker", { connection: this.name, address, epoch });
    this.#move("open");
    this.#arrival.resolve(link);
    void link.lost.then((reason) => this.#onLost(link, reason));
  }

  async #onLost(link: Link, reason: Error): Promise<void> {
    if (this.#link !== link) return;
    this.#link = null;
    this.#arrival = createArrival();
    this.#backoff.onHeld(this.#parts.clock.monotonicMs() - link.openedAt);
    const fields = { connection: this.name, address: link.address, reason: reason.message };
    this.#parts.logger.warn("lost the connection to the broker, connecting again", fields);
    this.#move("connecting");
    try {
      await pause(this.#parts.clock, this.#backoff.next(), this.#stopping.signal);
      this.#adopt(await this.#dialRounds("always"));
    } catch {
      // Closed meanwhile.
    }
  }

  #onFault(error: unknown): void {
    try {
      this.#parts.logger.error("a listener of the connection failed", { connection: this.name, error });
    } catch {
      // The logger itself fails, so the error cannot be reported.
    }
  }

  #onBlocked(link: Link, reason: string | null): void {
    if (this.#link !== link) return;
    const connection = this.name;
    if (reason === null) this.#parts.logger.info("the broker accepts publishes again", { connection });
    else this.#parts.logger.warn("the broker blocks publishes", { connection, reason });
    this.#move(reason === null ? "open" : "blocked");
  }

  /** All addresses, the next one first. */
  #fromNext(): readonly BrokerAddress[] {
    const start = this.#next % this.#addresses.length;
    return [...this.#addresses.slice(start), ...this.#addresses.slice(0, start)];
  }

  #move(state: TransportState): void {
    if (this.#state === state) return;
    if (!connectionMoves[this.#state].includes(state))
      throw new Error(`A connection cannot go from ${this.#state} to ${state}`);
    this.#state = state;
    this.#onState(state);
  }
}

/** A host that answers completes a login in less time. */
const STAGGER_MS = 2_000;

/** A promise of the next link. */
type Arrival = PromiseWithResolvers<Link>;

/** The promise of the next link; its rejection needs no handler. */
function createArrival(): Arrival {
  const arrival = Promise.withResolvers<Link>();
  arrival.promise.catch(() => {});
  return arrival;
}

/** Lost without a reply code, or with one that the request did not cause. */
function isLinkLost(error: unknown, link: Link): boolean {
  return link.isLost && error instanceof CeleryError && error.code === "connection-lost" && isBlameless(error);
}

function closedError(): CeleryError {
  return new CeleryError("closed", "The transport is closed. Create a new one.");
}

function shuffled<T>(items: readonly T[], ids: Ids): readonly T[] {
  return items
    .map((item) => ({ item, rank: ids.random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
