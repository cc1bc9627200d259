import { defineTask } from "@leveret/celery-amqp";

export default {
  a: defineTask("default.a", () => "a1"),
  more: [defineTask("default.b", () => "b1")],
};
