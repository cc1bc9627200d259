import { textOf } from "./arguments.ts";
import { type Command, failed, ok } from "./command.ts";

// Commands about events, elections and the end. Source: celery/worker/control.py; recorded replies.

const unavailable = failed("event dispatcher unavailable");

/** By name. */
export const eventCommands: Readonly<Record<string, Command>> = {
  enable_events: {
    isStrict: true,
    run: (_given, { events }) => {
      if (events === null) return unavailable;
      if (events.sendsTaskEvents) return ok("task events already enabled");
      events.sendsTaskEvents = true;
      return ok("task events enabled");
    },
  },
  disable_events: {
    isStrict: true,
    run: (_given, { events }) => {
      if (events === null) return unavailable;
      if (!events.sendsTaskEvents) return ok("task events already disabled");
      events.sendsTaskEvents = false;
      return ok("task events disabled");
    },
  },
  heartbeat: { isStrict: true, run: (_given, { events }) => events?.beat() },
  /** This worker does not stand in elections: it takes note of those that others call (see `Gossip`). */
  election: { required: ["id", "topic"], optional: ["action"], run: () => null },
  shutdown: {
    optional: ["msg"],
    isSilent: true,
    run: (given, worker) =>
      worker.shutdown(given["msg"] === undefined ? "Got shutdown from remote" : textOf(given, "msg")),
  },
};
