// The real gateway and a real OpenID Connect provider: tokens, signing in with a browser's steps, signing out.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { listen, serve } from './provider.js';

const OPERATOR = 'the-words-of-the-operator';
let gateway, process_, folder, provider, logs = '';

/** A browser, as far as signing in needs one: it keeps cookies by host and follows no redirect by itself. */
class Browser {
  jar = new Map();

  async go(url, options = {}) {
    const { host } = new URL(url);
    const cookies = [...(this.jar.get(host) ?? new Map())].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', ...options, headers: { ...options.headers, ...(cookies && { cookie: cookies }) } });
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(';');
      const at = pair.indexOf('=');
      const own = this.jar.get(host) ?? new Map();
      /max-age=0/i.test(set) || /1970/.test(set) ? own.delete(pair.slice(0, at)) : own.set(pair.slice(0, at), pair.slice(at + 1));
      this.jar.set(host, own);
    }
    return answer;
  }

  /** Follows redirects, and fills in the provider's forms, until it is back at the gateway with an answer of the issuer's. */
  async signIn(login) {
    let at = (await this.go(`${gateway}/auth/login?return_to=/api/v1/session`)).headers.get('location');
    for (let steps = 0; steps < 20; steps += 1) {
      if (at.startsWith(`${gateway}/auth/callback`)) return at;
      const answer = await this.go(at);
      if (answer.status >= 300 && answer.status < 400) {
        at = new URL(answer.headers.get('location'), at).href;
        continue;
      }
      const page = await answer.text();
      assert.equal(answer.status, 200, `${at}: ${page}`);
      const action = /action="([^"]+)"/.exec(page)[1];
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)[1];
      const form = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
      const sent = await this.go(new URL(action, at).href, { method: 'POST', body: form });
      at = new URL(sent.headers.get('location'), at).href;
    }
    assert.fail(`the sign-in does not end: ${at}`);
  }
}

const api = (where, options = {}) =>
  fetch(`${gateway}${where}`, { ...options, headers: { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json', ...options.headers } });

before(async () => {
  provider = await listen();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latticelm-oidc-'));
  const config = path.join(folder, 'config.yaml');
  fs.writeFileSync(config, `
database: {data_dir: data}
providers: {demo: {type: demo}}
auth:
  keys: [{name: root, key: ${OPERATOR}, role: operator}]
  issuers:
    - {issuer: '${provider.issuer}', audiences: [urn:latticelm], client_id: gateway, client_secret: 'a secret/of the gateway+'}
`);
  process_ = spawn(process.env.LATTICELM, ['--config', config, '--listen', '127.0.0.1:0'], { env: { HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
  process_.stderr.on('data', (data) => { logs += data; });
  await new Promise((resolve, reject) => {
    process_.stdout.on('data', (data) => {
      logs += data;
      const found = / listens on (http:\/\/\S+)/.exec(logs);
      if (found) { gateway = found[1]; resolve(); }
    });
    process_.on('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${logs}`)));
  });
  serve(provider, gateway);
  assert.equal((await api('/api/v1/tenants', { method: 'POST', body: '{"id": "acme"}' })).status, 201);
});

after(() => {
  process_?.removeAllListeners('exit');
  process_?.kill();
  provider?.server.closeAllConnections();
  provider?.server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a token of the provider lets its client in, and one for somebody else does not', async () => {
  const token = async (resource) => {
    const answer = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('robot:robots-secret')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'ask', resource }),
    });
    return (await answer.json()).access_token;
  };
  const mine = await token('urn:latticelm');
  const models = await api('/v1/models', { headers: { authorization: `Bearer ${mine}` } });
  assert.equal(models.status, 200, await models.text());
  const users = await (await api('/api/v1/users')).json();
  const robot = users.data.find((user) => user.subject === 'robot');
  assert.deepEqual([robot.tenant_id, robot.role, robot.issuer], ['acme', 'viewer', provider.issuer]);
  const other = await api('/v1/models', { headers: { authorization: `Bearer ${await token('urn:else')}` } });
  assert.deepEqual([other.status, (await other.json()).error.code], [401, 'invalid_token']);
  assert.ok(!logs.includes(mine));
});

test('a person signs in with a browser, is who the provider says, and signs out at both', async () => {
  const browser = new Browser();
  const back = await browser.signIn('ann');
  const code = new URL(back).searchParams.get('code');
  const answer = await browser.go(back);
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/api/v1/session'], await answer.text());
  const session = await (await browser.go(`${gateway}/api/v1/session`)).json();
  assert.deepEqual([session.subject, session.tenant_id, session.role, session.issuer], ['ann', 'acme', 'admin', provider.issuer]);
  const made = await browser.go(`${gateway}/api/v1/keys`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf-token': session.csrf_token }, body: '{"name": "mine", "user_id": null}',
  });
  assert.equal(made.status, 201, await made.text());
  const user = (await (await api('/api/v1/users?tenant_id=acme')).json()).data.find((one) => one.subject === 'ann');
  assert.deepEqual([user.email, user.name], ['ann@acme.test', 'Ann']);
  const again = await browser.go(back);
  assert.equal(again.status, 400, 'the same answer does not count twice');
  const out = await browser.go(`${gateway}/auth/logout`, { method: 'POST', headers: { 'x-csrf-token': session.csrf_token } });
  assert.equal(out.status, 303);
  assert.ok(out.headers.get('location').startsWith(`${provider.issuer}/session/end?`), out.headers.get('location'));
  assert.equal((await browser.go(`${gateway}/api/v1/session`)).status, 401);
  assert.equal((await browser.go(out.headers.get('location'))).status, 200, 'the provider knows what to end');
  const audit = await (await api('/api/v1/audit?tenant_id=acme')).json();
  const actions = audit.data.map((entry) => entry.action);
  assert.ok(actions.includes('session.create') && actions.includes('session.delete') && actions.includes('user.create'), actions.join());
  assert.ok(!logs.includes(code) && !logs.includes(session.csrf_token), 'no code and no token is logged');
});

test('an answer counts only in the browser that asked for it', async () => {
  const [browser, other] = [new Browser(), new Browser()];
  const back = await browser.signIn('bob');
  assert.equal((await other.go(back)).status, 400);
  await other.go(`${gateway}/auth/login`);
  assert.equal((await other.go(back)).status, 400, 'nor in one that asked for another');
  const forged = new URL(back);
  forged.searchParams.set('iss', 'https://elsewhere.test');
  assert.equal((await browser.go(forged.href)).status, 400);
  forged.searchParams.set('iss', provider.issuer);
  forged.searchParams.set('code', 'made-up');
  assert.equal((await browser.go(forged.href)).status, 403);
  assert.equal((await browser.go(back)).status, 303, 'the real one still counts');
});

test('a suspended person is out at once and cannot come back', async () => {
  const browser = new Browser();
  await browser.go(await browser.signIn('cat'));
  assert.equal((await browser.go(`${gateway}/api/v1/session`)).status, 200);
  const user = (await (await api('/api/v1/users?tenant_id=acme')).json()).data.find((one) => one.subject === 'cat');
  await api(`/api/v1/users/${user.id}`, { method: 'PATCH', body: '{"status": "suspended"}' });
  assert.equal((await browser.go(`${gateway}/api/v1/session`)).status, 403);
  assert.equal((await browser.go(await browser.signIn('cat'))).status, 403);
});
