// Tests of a client against the mock, which revoke, fail and read requests.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ActionPhase } from "#gen/flyteidl2/common/phase_pb.js";
import { ProjectService } from "#gen/flyteidl2/project/project_service_pb.js";
import { Code as MockCode } from "#gen/jetway/mock/v1/calls_pb.js";
import { Endpoint } from "#gen/jetway/mock/v1/endpoints_pb.js";
import { authenticated, logIn, type Login } from "./login.js";
import { control, start } from "./mock.js";

const method = "/flyteidl2.project.ProjectService/ListProjects";
let mock: Awaited<ReturnType<typeof start>>;
let baseUrl: string;
let bare: Transport;
let controls: ReturnType<typeof control>;

before(async () => {
  mock = await start("--project", "demo");
  baseUrl = mock.facts.endpoint ?? "";
  bare = createGrpcTransport({ baseUrl });
  controls = control(baseUrl, mock.facts.control_secret ?? "");
});
after(() => mock.stop());
beforeEach(async () => {
  await controls.reset({});
  await controls.resetRequests({});
});

const newLogin = () => logIn(bare, { id: mock.facts.client_id ?? "", secret: mock.facts.client_secret ?? "" });

// call returns the status of a call; 0 is OK, as in gRPC.
async function call(login?: Login): Promise<number> {
  const transport = login ? createGrpcTransport({ baseUrl, interceptors: [authenticated(login)] }) : bare;
  try {
    await createClient(ProjectService, transport).listProjects({});
    return 0;
  } catch (e) {
    return ConnectError.from(e).code;
  }
}

test("a revoked token is rejected, and a new one serves", async () => {
  const login = await newLogin();
  assert.equal(await call(login), 0);
  await controls.revokeTokens({});
  assert.equal(await call(login), Code.Unauthenticated);
  assert.equal(await call(await newLogin()), 0);
});

test("calls fail as often as they are told", async () => {
  const login = await newLogin();
  await controls.failCalls({ method, count: 2, code: MockCode.UNAVAILABLE });
  assert.deepEqual([await call(login), await call(login), await call(login)], [Code.Unavailable, Code.Unavailable, 0]);
});

test("the mock lists what it has received", async () => {
  const login = await newLogin();
  await call();
  await call(login);
  const { requests, tokenRequests } = await controls.listRequests({ method });
  assert.equal(tokenRequests, 1n);
  const digest = createHash("sha256").update(login.token).digest("hex").slice(0, 32);
  assert.deepEqual(requests.map((r) => [r.code, r.tokenId]), [[MockCode.UNAUTHENTICATED, ""], [MockCode.OK, digest]]);
});

test("the mock sends what it receives", async () => {
  const login = await newLogin();
  const stop = new AbortController();
  const stream = controls.watchRequests({ method }, { signal: stop.signal });
  const called = call(login);
  for await (const { request } of stream) {
    if (!request?.done) continue;
    assert.deepEqual([request.method, request.protocol, request.code], [method, "grpc", MockCode.OK]);
    break;
  }
  stop.abort();
  assert.equal(await called, 0);
});

test("the token endpoint is down, and up again", async () => {
  await controls.setEndpoint({ endpoint: Endpoint.TOKEN, down: true });
  await assert.rejects(newLogin());
  await controls.setEndpoint({ endpoint: Endpoint.TOKEN });
  assert.equal(await call(await newLogin()), 0);
});

test("a run does what its timeline says", async () => {
  const timeline = [{ manual: true, phase: ActionPhase.SUCCEEDED }];
  const { name } = await controls.addRun({ project: "demo", timeline });
  assert.equal((await controls.advanceRuns({ names: [name] })).runs, 1);
});

test("the secret is required", async () => {
  const stranger = control(baseUrl, mock.facts.client_secret ?? "");
  await assert.rejects(stranger.reset({}), (e) => ConnectError.from(e).code === Code.Unauthenticated);
});
