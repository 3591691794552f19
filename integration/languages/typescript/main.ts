// A client in TypeScript: it is refused without a token, logs in, deploys a task,
// runs it, follows the run, and keeps a secret. It reads where and as whom from its
// standard input, as JSON, and writes what happened to its standard output.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { ActionPhase } from "#gen/flyteidl2/common/phase_pb.js";
import { SecretService } from "#gen/flyteidl2/secret/secret_pb.js";
import { TaskService } from "#gen/flyteidl2/task/task_service_pb.js";
import { RunService } from "#gen/flyteidl2/workflow/run_service_pb.js";
import { authenticated, logIn, type Client } from "./login.js";

interface Settings {
  baseUrl: string;
  client: Client;
  project: string;
  domain: string;
}

// refusal is the status that a call is refused with, in gRPC's name.
async function refusal(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "OK";
  } catch (e) {
    return Code[ConnectError.from(e).code] ?? "unknown";
  }
}

const { baseUrl, client, project, domain } = JSON.parse(await text(process.stdin)) as Settings;
const options = { baseUrl, defaultTimeoutMs: 30_000 };
const taskId = { project, domain, name: "hello.greet", version: "typescript" };

// Without a token.
const bare = createGrpcTransport(options);
const stranger = createClient(RunService, bare);
const refusals = {
  task: await refusal(() => createClient(TaskService, bare).getTaskDetails({ taskId })),
  run: await refusal(() => stranger.createRun({ task: { case: "taskId", value: taskId } })),
  secret: await refusal(() => createClient(SecretService, bare).listSecrets({})),
  stream: await refusal(async () => {
    for await (const _ of stranger.watchActionDetails({})) break;
  }),
};

// With one.
const login = await logIn(bare, client);
const transport = createGrpcTransport({ ...options, interceptors: [authenticated(login)] });

const tasks = createClient(TaskService, transport);
await tasks.deployTask({ taskId, spec: { shortName: "greet" } });
const task = await tasks.getTaskDetails({ taskId });

const runs = createClient(RunService, transport);
const created = await runs.createRun({
  id: { case: "projectId", value: { name: project, domain } },
  task: { case: "taskId", value: taskId },
});
const actionId = created.run?.action?.id;
const phases: string[] = [];
const final = ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "RECOVERED"];
const add = (phase: ActionPhase = ActionPhase.UNSPECIFIED) => {
  const name = ActionPhase[phase] ?? "unknown";
  if (phases.at(-1) !== name) phases.push(name);
};
for (;;) {
  for await (const { details } of runs.watchActionDetails({ actionId })) add(details?.status?.phase);
  // The stream ends with the last attempt, mostly before the action's status does.
  add((await runs.getActionDetails({ actionId })).details?.status?.phase);
  if (final.includes(phases.at(-1) ?? "")) break;
  await setTimeout(50);
}

const secrets = createClient(SecretService, transport);
const id = { project, domain, name: "typescript" };
await secrets.createSecret({ id, secretSpec: { value: { case: "stringValue", value: "open sesame" } } });
const secret = await secrets.getSecret({ id });

console.log(JSON.stringify({
  refusals,
  task: task.details?.taskId?.version,
  run: actionId?.run?.name,
  phases,
  secret: secret.secret?.id?.name,
}));
