import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { runNow } from "../machine/command.ts";
import { gateway } from "../machine/network.ts";
import type { Objects } from "../manifest/objects.ts";
import type { Pod } from "../pod/pod.ts";
import { endpointsOf } from "./endpoints.ts";
import { apiServerNames } from "./resolver.ts";

/** Makes the certificates of the API server, unless they are there; answers the folder. */
export function makeCertificates(state: string): string {
  const folder = join(state, "pki");
  if (existsSync(join(folder, "tls.crt"))) return folder;
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const names = apiServerNames.map((name) => `DNS:${name}`).join(",");
  writeFileSync(file("extensions"), `subjectAltName=${names},IP:${gateway}\n`);
  const request = ["req", "-newkey", "rsa:2048", "-nodes"];
  const authority = ["-x509", "-days", "30", "-subj", "/CN=lab", "-keyout", file("ca.key"), "-out", file("ca.crt")];
  runNow("openssl", ...request, ...authority);
  runNow("openssl", ...request, "-subj", "/CN=kubernetes", "-keyout", file("tls.key"), "-out", file("tls.csr"));
  const signer = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial"];
  const files = ["-in", file("tls.csr"), "-extfile", file("extensions"), "-out", file("tls.crt")];
  runNow("openssl", "x509", "-req", "-days", "30", ...signer, ...files);
  return folder;
}

/**
 * Serves the Kubernetes API that RabbitMQ's peer discovery uses: a Service's endpoints, and events, to authorized
 * accounts.
 */
export function serveApi(certificates: string, objects: Objects, pods: () => Iterable<Pod>): void {
  const key = readFileSync(join(certificates, "tls.key"));
  const cert = readFileSync(join(certificates, "tls.crt"));
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume().on("end", () => {
      const { status, body } = answer(request, objects, pods());
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  };
  createServer({ key, cert }, handle).listen(443, gateway);
}

interface ApiAnswer {
  readonly status: number;
  readonly body: object;
}

function answer({ method, url = "", headers }: IncomingMessage, objects: Objects, pods: Iterable<Pod>): ApiAnswer {
  const [, namespace = "", resource = "", name] =
    /^\/api\/v1\/namespaces\/([^/]+)\/([^/?]+)(?:\/([^/?]*))?/.exec(url) ?? [];
  const [, home, account = ""] = /^Bearer podlab\.([^.]+)\.(.+)$/.exec(headers.authorization ?? "") ?? [];
  if (home === undefined) return refuse(401, "Unauthorized");
  const verb = method === "POST" ? "create" : name === undefined ? "list" : "get";
  if (home !== namespace || !isAllowed(objects, namespace, account, verb, resource))
    return refuse(403, `${verb} ${resource} is forbidden`);
  if (resource !== "endpoints") return method === "POST" ? { status: 201, body: {} } : refuse(404, "not found");
  const service = objects.get("Service", namespace, name ?? "");
  if (service === undefined) return refuse(404, `endpoints "${name}" not found`);
  const metadata = { name, namespace };
  return {
    status: 200,
    body: { kind: "Endpoints", apiVersion: "v1", metadata, subsets: endpointsOf(service, pods) },
  };
}

function refuse(status: number, message: string): ApiAnswer {
  return { status, body: { kind: "Status", apiVersion: "v1", status: "Failure", code: status, message } };
}

/** Whether a role that is bound to an account has a rule for it, as RBAC finds out. */
function isAllowed(objects: Objects, namespace: string, account: string, verb: string, resource: string): boolean {
  const bindings = objects
    .all("RoleBinding")
    .filter(
      ({ metadata, subjects = [] }) =>
        metadata?.namespace === namespace &&
        subjects.some(
          (each) =>
            each.kind === "ServiceAccount" && each.name === account && (each.namespace ?? namespace) === namespace,
        ),
    );
  return bindings.some(({ roleRef }) => {
    const role =
      roleRef.kind === "Role"
        ? objects.get("Role", namespace, roleRef.name)
        : objects.get("ClusterRole", undefined, roleRef.name);
    return (role?.rules ?? []).some(
      ({ apiGroups = [], resources = [], verbs }) =>
        includes(apiGroups, "") && includes(resources, resource) && includes(verbs, verb),
    );
  });
}

const includes = (list: readonly string[], wanted: string): boolean => list.includes(wanted) || list.includes("*");
