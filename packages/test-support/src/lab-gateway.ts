// Runs in the namespace of a lab's clients: passes on each connection that comes to a socket it was given.
import { connect, type Server, type Socket } from "node:net";

interface Target {
  readonly host: string;
  readonly port: number;
}

process.on("message", (target: Target, server: Server) => {
  // Accepted half-open sockets would outlive a broker that has closed its side.
  server.on("connection", (outer: Socket) => join(outer, connect({ ...target, noDelay: true })));
  process.send?.("listening");
});
process.on("disconnect", () => process.exit());

function join(outer: Socket, inner: Socket): void {
  outer.setNoDelay(true);
  outer.pipe(inner);
  inner.pipe(outer);
  for (const [from, to] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => to.destroy());
  }
}
