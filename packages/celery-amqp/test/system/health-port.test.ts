import { afterEach, describe, expect, test, vi } from "vitest";
import { healthPort } from "../../src/system/health-port.ts";

afterEach(() => void vi.unstubAllEnvs());

describe("CELERY_HEALTH_PORT", () => {
  test.each([
    ["", undefined],
    ["8080", 8080],
    ["0", 0],
    ["65535", 65_535],
  ])('"%s" is %s', (text, port) => {
    vi.stubEnv("CELERY_HEALTH_PORT", text);
    expect(healthPort()).toBe(port);
  });

  test.each(["65536", "-1", "80.5", "0x50", " 80", "tcp://10.0.0.1:80"])('"%s" is refused', (text) => {
    vi.stubEnv("CELERY_HEALTH_PORT", text);
    expect(() => healthPort()).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});
