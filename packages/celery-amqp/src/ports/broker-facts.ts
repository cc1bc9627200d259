/** Host, port and vhost of a broker, for operators; without a login. Names and meaning: kombu's `Connection.info`. */
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
