import { expect, test } from "vitest";
import { installLine } from "../../src/find/install-line.ts";

test.for<[platform: NodeJS.Platform, osRelease: string, line: string]>([
  ["darwin", "", "brew install rabbitmq"],
  ["win32", "", "choco install rabbitmq"],
  ["linux", 'NAME="Debian GNU/Linux"\nID=debian\n', "apt-get install rabbitmq-server"],
  ["linux", 'ID=pop\nID_LIKE="ubuntu debian"\n', "apt-get install rabbitmq-server"],
  ["linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install rabbitmq-server"],
  ["linux", "ID=alpine\nVERSION_ID=3.22\n", "apk add rabbitmq-server"],
  ["linux", "ID=void\n", "see https://www.rabbitmq.com/docs/download"],
  ["linux", "", "see https://www.rabbitmq.com/docs/download"],
])("%s with %j", ([platform, osRelease, line]) => {
  expect(installLine(platform, osRelease)).toBe(line);
});
