// For tests of code that uses Celery: a broker and results in memory, a clock that tests advance, and the suites that
// every transport and every result backend must pass.

export { createMemoryBroker } from "./testing/memory-broker.ts";
export type { MemoryBroker, MemoryBrokerOptions, MemoryPeer } from "./testing/memory-broker.ts";
export { createMemoryResults, type MemoryResults } from "./testing/memory-results.ts";
export { createMemoryTransport } from "./testing/memory-transport.ts";
export type { MemoryTransportOptions } from "./testing/memory-transport.ts";
export { createFakeClock } from "./testing/fake-clock.ts";
export type { FakeClock, FakeClockOptions } from "./testing/fake-clock.ts";
export { testCelery } from "./testing/test-celery.ts";
export type { RunOptions, SentTask, TestCelery, TestCeleryOptions, TestOutcome } from "./testing/test-celery.ts";
export { transportConformance } from "./testing/transport-conformance.ts";
export type { TransportCase, TransportHarness } from "./testing/transport-conformance.ts";
export { resultConformance } from "./testing/result-conformance.ts";
export type { ResultAbility, ResultCase, ResultHarness, ResultSides } from "./testing/result-conformance.ts";
export type { MemoryConsumer, MemoryConsumerOptions } from "./testing/memory-consumer.ts";
export type { StoredMessage } from "./testing/memory-message.ts";

// Types of the other entries that these are made of.
export type { Client } from "./client/client.ts";
export type { CreateClientOptions } from "./client/options.ts";
export type { Clock, Ids } from "./ports/clock.ts";
export type { Logger } from "./ports/logger.ts";
export type { QueueInfo, Transport } from "./ports/transport.ts";
export type { ResultBackend, ResultSource, ResultStore } from "./results/backend.ts";
export type { Duration } from "./ports/duration.ts";
export type { TaskDefinition, TypedTask } from "./task/task.ts";
export type { CreateWorkerOptions } from "./worker/options/worker.ts";
export type { Worker } from "./worker/worker.ts";
