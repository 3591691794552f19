// A mock backend for tests, and its control: jetway mock --control.
import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ControlService } from "#gen/jetway/mock/v1/control_service_pb.js";

// control calls methods of ControlService: control(url, secret).reset({}).
export function control(baseUrl: string, secret: string): Client<typeof ControlService> {
  const transport = createGrpcTransport({
    baseUrl,
    interceptors: [(next) => (request) => {
      request.header.set("jetway-mock-secret", secret);
      return next(request);
    }],
  });
  return createClient(ControlService, transport);
}

// start runs a mock; facts are how to connect.
export async function start(...flags: string[]) {
  const process_ = spawn(process.env.JETWAY ?? "jetway", ["mock", "--control", "-o", "json", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: process_.stdout })) {
    return {
      facts: JSON.parse(line) as Record<string, string>,
      stop: async () => {
        process_.kill();
        await once(process_, "exit");
      },
    };
  }
  throw new Error("jetway mock has ended; what it wrote says why");
}
