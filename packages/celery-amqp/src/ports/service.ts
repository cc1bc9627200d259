/** Something that lives for a while. Starting and stopping twice is the same as once. */
export interface Service {
  /** For logs and errors. */
  readonly name: string;
  /** Resolves when it works; on failure it has undone what it began. */
  start(): Promise<void>;
  /** Resolves when all of it is done; never rejects because it was not started. */
  stop(): Promise<void>;
}
