import { defineTask } from "@leveret/celery-amqp";

export default {
  a: defineTask("default.a", (_context, x) => `a${x}`),
  more: [defineTask("default.b", (_context, x) => `b${x}`)],
};
