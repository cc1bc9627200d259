/** What a probe is answered. */
export interface ProbeAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How probes are answered. */
export interface ServeProbesOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** The address to listen at; null for all of them. */
  readonly host: string | null;
  /** Asked first: pages of others, which take their time. Null is none of them; it never rejects. Default no pages. */
  readonly page?: ((method: string, target: string) => Promise<ProbeAnswer> | null) | undefined;
  /** Called for each request with its method and its target, as they came. */
  readonly answer: (method: string, target: string) => ProbeAnswer;
  /** Called with errors after the start. */
  readonly onFault: (error: Error) => void;
}

/** Where probes are answered. */
export interface ProbeServer {
  /** The port it listens at. */
  readonly port: number;
  /** Ends it and what is connected to it. */
  close(): Promise<void>;
}

/** What the machine does so that a worker can be asked for its health. */
export interface HealthHost {
  /**
   * Resolves once it listens.
   *
   * @throws CeleryError `option-invalid` for an address that cannot be had
   */
  serve(options: ServeProbesOptions): Promise<ProbeServer>;
  /**
   * Replaces the file's content by `text`, atomically.
   *
   * @throws CeleryError `option-invalid` where the file cannot be written
   */
  write(file: string, text: string): Promise<void>;
  /** Removes the file; a missing one is no error. */
  remove(file: string): Promise<void>;
}
