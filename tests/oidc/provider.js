// An OpenID Connect provider on this machine: the certified one of the npm registry, with one person and one client.
import http from 'node:http';
import Provider from 'oidc-provider';

const AUDIENCE = 'urn:latticelm';

/** Listens first, since a provider's name is its address. */
export async function listen() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, issuer: `http://127.0.0.1:${server.address().port}` };
}

/** Answers on that server for a gateway at this address. */
export function serve({ server, issuer }, gateway) {
  const person = { tenant: 'acme', role: ['admin', 'something-else'], email: 'ann@acme.test', email_verified: true, name: 'Ann' };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'gateway',
        client_secret: 'a secret/of the gateway+',
        redirect_uris: [`${gateway}/auth/callback`],
        post_logout_redirect_uris: [`${gateway}/`],
        grant_types: ['authorization_code'],
      },
      { client_id: 'robot', client_secret: 'robots-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    ],
    claims: { openid: ['sub', 'tenant', 'role', 'email', 'email_verified', 'name'], email: ['email'], profile: ['name'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...person }) }),
    extraTokenClaims: () => ({ tenant: 'acme', role: 'viewer' }),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_, audience) => ({ scope: 'ask', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300 }),
      },
    },
    pkce: { required: () => true },
    cookies: { keys: ['not a secret in a test'] },
  });
  server.on('request', provider.callback());
  return { audience: AUDIENCE };
}
