// Logging in by client credentials, with what the backend says about itself.
import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { AuthMetadataService } from "#gen/flyteidl2/auth/auth_service_pb.js";

export interface Client {
  id: string;
  secret: string;
}

// Login is what a call must carry.
export interface Login {
  key: string; // of the metadata
  token: string;
}

// logIn asks the backend where and how, and the authorization server for a token.
// A token that has ended is replaced by calling it again.
export async function logIn(transport: Transport, client: Client): Promise<Login> {
  const service = createClient(AuthMetadataService, transport);
  const [server, settings] = await Promise.all([
    service.getOAuth2Metadata({}),
    service.getPublicClientConfig({}),
  ]);
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (settings.scopes.length > 0) form.set("scope", settings.scopes.join(" "));
  if (settings.audience !== "") form.set("audience", settings.audience);
  const answer = await fetch(server.tokenEndpoint, {
    method: "POST",
    headers: { authorization: basic(client) },
    body: form,
    redirect: "error", // a secret goes where it was meant to go
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await answer.json()) as { access_token?: string; error?: string };
  if (!answer.ok || body.access_token === undefined) {
    throw new Error(`${server.tokenEndpoint}: ${answer.status} ${body.error ?? "without a token"}`);
  }
  return { key: settings.authorizationMetadataKey || "authorization", token: body.access_token };
}

// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
function basic({ id, secret }: Client): string {
  const encoded = (text: string) => new URLSearchParams({ "": text }).toString().slice(1);
  return "Basic " + Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString("base64");
}

// authenticated adds the token to every call, streams too.
export function authenticated(login: Login): Interceptor {
  return (next) => (request) => {
    request.header.set(login.key, `Bearer ${login.token}`);
    return next(request);
  };
}
