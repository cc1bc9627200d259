/** Where a broker is, for those who look after workers; never a login. Names and meaning: kombu's `Connection.info`. */
export interface BrokerFacts {
  readonly hostname: string;
  readonly port: number;
  readonly virtualHost: string;
  readonly ssl: boolean;
  /** Seconds between heartbeats. */
  readonly heartbeat: number;
  /** Seconds that connecting may take. */
  readonly connectTimeout: number;
  /** Other addresses that are tried in turn, without logins. */
  readonly alternates: readonly string[];
}
