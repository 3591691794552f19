// A client in TypeScript that speaks one of the protocols: it calls every method of every
// service that was generated, or goes through what can happen to a call. It reads what to do
// from its standard input, as JSON, and writes how each call ended to its standard output.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type CallOptions, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { readdir } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { ProjectService } from "#gen/flyteidl2/project/project_service_pb.js";
import { RunService } from "#gen/flyteidl2/workflow/run_service_pb.js";

interface Settings {
  baseUrl: string;
  token: string;
  protocol: "grpc" | "grpc-web" | "connect";
  http: "1.1" | "2";
  binary: boolean;
  faults: boolean;
}

// Streams that are silent for so long are left: longer than a busy machine takes to answer the
// calls of one service.
const patience = 5_000;

const { baseUrl, token, protocol, http, binary, faults } = JSON.parse(await text(process.stdin)) as Settings;

const authenticated: Interceptor = (next) => (request) => {
  request.header.set("Authorization", `Bearer ${token}`);
  return next(request);
};

function newTransport(): Transport {
  const common = { baseUrl, useBinaryFormat: binary, interceptors: [authenticated], defaultTimeoutMs: 30_000 };
  switch (protocol) {
    case "grpc":
      return createGrpcTransport(common);
    case "grpc-web":
      return createGrpcWebTransport({ ...common, httpVersion: http });
    case "connect":
      return createConnectTransport({ ...common, httpVersion: http, useHttpGet: true });
  }
}

const transport = newTransport();

// ending is how a call ended, by the name of its code.
async function ending(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "OK";
  } catch (e) {
    return Code[ConnectError.from(e).code] ?? "none";
  }
}

// services are those of all generated files.
async function services(): Promise<DescService[]> {
  const found: DescService[] = [];
  for (const file of await readdir("gen", { recursive: true })) {
    if (!file.endsWith("_pb.js")) continue;
    const module = (await import(`#gen/${file}`)) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      if (typeof value === "object" && value !== null && "kind" in value && value.kind === "service") found.push(value as DescService);
    }
  }
  return found;
}

// first waits for the first message of a stream, or until it has been silent for long.
async function first(messages: AsyncIterable<unknown>, abort: AbortController): Promise<void> {
  void setTimeout(patience, undefined, { ref: false }).then(() => abort.abort());
  for await (const _ of messages) break;
}

// callEmpty calls a method with an empty request.
function callEmpty(service: DescService, method: DescMethod): Promise<string> {
  const client = createClient(service, transport) as Record<string, (request: object, options: CallOptions) => unknown>;
  const abort = new AbortController();
  return ending(async () => {
    const answer = client[method.localName]!({}, { signal: abort.signal });
    if (method.methodKind === "unary") await (answer as Promise<unknown>);
    else await first(answer as AsyncIterable<unknown>, abort);
  });
}

const results: Record<string, string> = {};

if (faults) {
  const projects = createClient(ProjectService, transport);
  const runs = createClient(RunService, transport);
  results["deadline"] = await ending(() => projects.getProject({ id: "slow" }, { timeoutMs: 300 }));
  const abort = new AbortController();
  void setTimeout(300).then(() => abort.abort());
  results["cancellation"] = await ending(() => first(runs.watchRuns({}, { signal: abort.signal }), abort));
  // Both are held, and the token is revoked meanwhile.
  [results["revoked"], results["stream revoked"]] = await Promise.all([
    ending(() => projects.listProjects({})),
    ending(async () => {
      for await (const _ of runs.watchGroups({})) break;
    }),
  ]);
} else {
  // Streams come last, on connections that are there: their patience is for the server.
  const all = (await services()).flatMap((service) => service.methods.map((method) => ({ service, method })));
  for (const unary of [true, false]) {
    const calls = all.filter(({ method }) => (method.methodKind === "unary") === unary);
    await Promise.all(
      calls.map(async ({ service, method }) => {
        results[`/${service.typeName}/${method.name}`] = await callEmpty(service, method);
      }),
    );
  }
}
console.log(JSON.stringify(results));
process.exit(0);
