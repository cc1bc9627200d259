// What tests of code that uses Celery need: a broker in memory, a clock that moves when told, and the suite that every
// transport must pass.

export { createMemoryBroker } from "./testing/memory-broker.ts";
export type { MemoryBroker, MemoryBrokerOptions } from "./testing/memory-broker.ts";
export { createMemoryTransport } from "./testing/memory-transport.ts";
export type { MemoryTransportOptions } from "./testing/memory-transport.ts";
export { createFakeClock } from "./testing/fake-clock.ts";
export type { FakeClock, FakeClockOptions } from "./testing/fake-clock.ts";
export { testCelery } from "./testing/test-celery.ts";
export type { RunOptions, SentTask, TestCelery, TestCeleryOptions, TestOutcome } from "./testing/test-celery.ts";
export { transportConformance } from "./testing/transport-conformance.ts";
export type { TransportCase, TransportHarness } from "./testing/transport-conformance.ts";
