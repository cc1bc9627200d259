import { get as getPlain } from "node:http";
import { get as getTls } from "node:https";
import { connect } from "node:net";
import type { HTTPGetAction, Probe } from "kubernetes-types/core/v1.d.ts";
import type { Container } from "./container.ts";

/** Asks a container once, as kubelet does: from outside of its pod, for the time that the probe gives. */
export async function probeOnce(container: Container, ip: string, probe: Probe): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const port = (given: number | string): number => {
    if (typeof given === "number") return given;
    return container.spec.ports?.find(({ name }) => name === given)?.containerPort ?? Number(given);
  };
  if (probe.exec !== undefined) return (await container.exec(probe.exec.command ?? [], timeoutMs)).code === 0;
  if (probe.tcpSocket !== undefined) return isOpen(ip, port(probe.tcpSocket.port), timeoutMs);
  if (probe.httpGet !== undefined) return answersWell(ip, port(probe.httpGet.port), probe.httpGet, timeoutMs);
  throw new Error(`the lab does not know the probe of container ${container.spec.name}`);
}

function isOpen(host: string, port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
    socket.on("timeout", () => end(false));
  });
}

function answersWell(host: string, port: number, action: HTTPGetAction, timeout: number): Promise<boolean> {
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const options = { host, port, path: action.path ?? "/", headers, timeout, agent: false };
  return new Promise((resolve) => {
    const request = action.scheme === "HTTPS" ? getTls({ ...options, rejectUnauthorized: false }) : getPlain(options);
    request.on("response", (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => {
      request.destroy();
      resolve(false);
    });
  });
}
