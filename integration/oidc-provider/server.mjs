// A strict identity provider for the tests of this module: oidc-provider with
// everything switched on that the client claims to speak.
//
// The first line of standard input is what differs between tests, as JSON:
//
//   {"clients": […], "ttl": seconds, "passwords": {"user": "password"}}
//
// The answer is one line on standard output, {"issuer": …}. The server ends when
// standard input does, so it cannot outlive the test that started it.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider, { errors } from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => start(JSON.parse(line)));
lines.on('close', () => process.exit(0));

function start({ clients, ttl, passwords }) {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(issuer, settings(clients, ttl));
    provider.registerGrantType('password', passwordGrant(provider, passwords), ['username', 'password', 'scope'], []);
    server.on('request', provider.callback());
    console.log(JSON.stringify({ issuer }));
  });
}

function settings(clients, ttl) {
  return {
    clients,
    scopes: ['openid', 'offline_access', 'all'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: {
      AccessToken: ttl, ClientCredentials: ttl, RefreshToken: 86400,
      IdToken: 3600, DeviceCode: 600, Session: 3600, Interaction: 600, Grant: 86400,
    },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // A token for a named resource is a JWT for it, any other one is opaque.
        getResourceServerInfo: (_, resource) => ({ scope: 'all', audience: resource, accessTokenFormat: 'jwt' }),
      },
    },
  };
}

// passwordGrant is RFC 6749 section 4.3, which oidc-provider leaves out on purpose.
function passwordGrant(provider, passwords) {
  return async (ctx) => {
    const { client, params } = ctx.oidc;
    const known = Object.hasOwn(passwords, params.username);
    if (!known || passwords[params.username] !== params.password) {
      throw new errors.InvalidGrant('wrong user name or password');
    }
    const account = { accountId: params.username, client };
    const grant = new provider.Grant({ accountId: params.username, clientId: client.clientId });
    grant.addOIDCScope(params.scope ?? '');
    const grantId = await grant.save();
    const token = { ...account, grantId, gty: 'password', scope: params.scope };
    const access = new provider.AccessToken(token);
    const refresh = new provider.RefreshToken(token);
    ctx.body = {
      access_token: await access.save(), token_type: 'Bearer', expires_in: access.expiration,
      refresh_token: await refresh.save(), scope: params.scope,
    };
  };
}
