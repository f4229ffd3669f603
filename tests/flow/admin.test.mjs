// The admin listener, reached from other machines: tokens, roles, a reload of both.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Child } from './support/process.mjs';
import { request } from './support/partner.mjs';
import { OMGW, World } from './support/world.mjs';

const VIEWER = 'a-token-of-the-monitoring';
const NEXT = 'the-token-that-replaces-it';

function line(name, role, token) {
    return `${name} ${role} ${createHash('sha256').update(token).digest('hex')}\n`;
}

function run(args, env) {
    return new Child(OMGW, args, { env: { ...process.env, ...env } }).said();
}

test('an admin listener for other machines wants tokens', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    world.secrets.push(VIEWER, NEXT);
    await world.stopGateway();
    const address = { OMGW_LISTEN__ADMIN: `0.0.0.0:${world.ports.admin}` };

    const refused = await run(['serve', '--config', world.configFile], address);
    assert.equal(refused.code, 78);
    assert.equal(refused.text.trim(), 'environment OMGW_LISTEN__ADMIN: the address is ' +
        'reached from other machines; write 127.0.0.1:PORT or unix:/PATH, or give ' +
        '"admin.tokens_file"');

    const file = path.join(world.dir, 'tokens');
    writeFileSync(file, line('prometheus', 'viewer', VIEWER), { mode: 0o600 });
    const env = { ...address, OMGW_ADMIN__TOKENS_FILE: file };
    await world.startGateway(env);

    const scrape = (token) => request(`${world.admin}/metrics`,
        token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    for (const page of ['livez', 'readyz'])
        assert.equal((await request(`${world.admin}/${page}`)).status, 200, page);
    assert.equal((await run(['health', '--config', world.configFile], env)).code, 0);

    const stranger = await scrape();
    assert.equal(stranger.status, 401);
    assert.equal(stranger.headers['www-authenticate'], 'Bearer realm="omgw"');
    assert.equal(stranger.headers['content-type'], 'application/problem+json');
    const wrong = await scrape(NEXT);
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers['www-authenticate'], /error="invalid_token"$/);
    const page = await scrape(VIEWER);
    assert.equal(page.status, 200);
    assert.match(page.body, /^omgw_admin_refused_total 2$/m);

    // SIGHUP reads the file again.
    writeFileSync(file, line('prometheus-2', 'viewer', NEXT));
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.reloaded');
    assert.equal((await scrape(VIEWER)).status, 401);
    assert.equal((await scrape(NEXT)).status, 200);

    // A wrong line changes nothing, and is not shown.
    writeFileSync(file, `prometheus viewer ${VIEWER}\n`);
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.refused');
    assert.equal((await scrape(NEXT)).status, 200);

    assert.equal(await world.stopGateway(), 0);
    const told = world.gateway.lines.join('\n');
    for (const token of [VIEWER, NEXT])
        assert.ok(!told.includes(token), 'the log has a token');
});

test('health asks over a Unix socket too', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    await world.stopGateway();
    const env = { OMGW_LISTEN__ADMIN: `unix:${path.join(world.dir, 'admin.sock')}` };
    await world.startGateway(env);
    const health = ['health', '--config', world.configFile];
    assert.deepEqual(await run(health, env), { code: 0, text: 'ready\n' });
    assert.equal(await world.stopGateway(), 0);
    const after = await run(health, env);
    assert.equal(after.code, 69);
    assert.match(after.text, /no answer from unix:\/.*admin\.sock/);
});

test('what the manual says about tokens makes a line that is taken', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const manual = readFileSync(new URL('../../docs/CONFIGURATION.md', import.meta.url), 'utf8');
    const script = /^token=[^]*?(?=^```)/m.exec(manual)[0];
    const shell = new Child('bash', ['-c', `${script}\nprintf '%s\\n' "$token"`]);
    await shell.closed;
    const [entry, token] = shell.lines;
    await world.stopGateway();
    await world.startGateway({ OMGW_ADMIN__TOKENS: entry });
    const page = await request(`${world.admin}/metrics`,
        { headers: { authorization: `Bearer ${token}` } });
    assert.equal(page.status, 200);
    assert.equal((await request(`${world.admin}/metrics`)).status, 401);
});
