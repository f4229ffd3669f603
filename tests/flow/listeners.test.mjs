// Where the gateway listens and what it takes for that: Unix sockets, descriptors, its limit
// of time for what waits for the database; and that it is ready whatever its peers do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { OMGW, World } from './support/world.mjs';
import { Child, until } from './support/process.mjs';
import { request } from './support/partner.mjs';

// A port that leads to a Unix socket, as a reverse proxy would.
async function relayTo(socketPath, port, t) {
    const open = new Set();
    const server = net.createServer((client) => {
        const inner = net.connect(socketPath);
        for (const [socket, other] of [[client, inner], [inner, client]]) {
            open.add(socket);
            socket.pipe(other);
            socket.on('error', () => other.destroy());
            socket.on('close', () => other.destroy());
        }
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.close();
        open.forEach((socket) => socket.destroy());
    });
}

test('all three listeners on Unix sockets: a message goes both ways', async (t) => {
    const world = await World.open(t);
    assert.equal(await world.stopGateway(), 0);
    const place = (name) => path.join(world.dir, `${name}.sock`);
    await relayTo(place('public'), world.ports.public, t);
    await relayTo(place('admin'), world.ports.admin, t);
    const env = { OMGW_LISTEN__PUBLIC: `unix:${place('public')}`,
        OMGW_LISTEN__ADMIN: `unix:${place('admin')}`,
        OMGW_LISTEN__CONTROL: `unix:${place('control')}`, OMGW_TRUSTED_PROXIES: 'unix:' };
    await world.startGateway(env);
    for (const name of ['public', 'admin', 'control']) // for a group that the folder is of
        assert.equal(statSync(place(name)).mode & 0o777, 0o660, name);
    assert.equal((await world.partner.message('ana', 'through a socket')).status, 202);
    await world.untilMessages(1);
    await world.agent('ana', 'and back');
    await world.partner.untilReceived('the answer', ({ type }) => type === 'agent.message');
    const paused = await new Child(OMGW, ['bridges', 'pause', 'acme', '--config',
        world.configFile], { env: { ...process.env, ...env } }).said();
    assert.equal(paused.code, 0, paused.text);
    assert.equal(await world.metric('omgw_paused') > 0, true);
});

// What a process may have open: soft and hard.
function descriptorsOf(child) {
    const limits = readFileSync(`/proc/${child.process.pid}/limits`, 'utf8');
    return /^Max open files +(\d+) +(\d+)/m.exec(limits).slice(1).map(Number);
}

test('the soft limit of open files is raised; a hard one that is too low ends it', async (t) => {
    const world = await World.open(t, { settings: 'limits: { connections: 500 }',
        wrap: ['prlimit', '--nofile=256:4000', '--'] });
    assert.deepEqual(descriptorsOf(world.gateway), [2548, 4000]);
    const { code, text } = await new Child('prlimit', ['--nofile=256:2547', '--', OMGW,
        'serve', '--config', world.configFile]).said();
    assert.equal(code, 78);
    assert.match(text, /hard limit of open files is 2547, limits.connections needs 2548/);
});

// Somebody who holds the database's lock for writing, against all advice.
async function holdDatabase(world) {
    const shell = spawn('sqlite3', ['-batch', world.database]);
    shell.stdin.write('.timeout 5000\nBEGIN IMMEDIATE;\nSELECT 1;\n');
    await once(shell.stdout, 'data');
    return async () => {
        shell.stdin.end('ROLLBACK;\n');
        await once(shell, 'close');
    };
}

test('what is not stored in time is answered 503; its repeat has one effect', async (t) => {
    const world = await World.open(t, { settings: 'timeouts: { stored: 1s }' });
    const release = await holdDatabase(world);
    const webhook = { id: 'msg_held', data: { id: 'm-held' } };
    const say = () => world.partner.message('ana', 'held up', { id: webhook.data.id },
        { id: webhook.id });
    const from = Date.now();
    const late = await say();
    const tookMs = Date.now() - from;
    assert.equal(late.status, 503);
    assert.equal(late.json.type, 'urn:omgw:problem:unavailable');
    assert.ok(Number(late.headers['retry-after']) > 0);
    assert.ok(tookMs >= 900 && tookMs < 5000, `${tookMs} ms`);
    await release();
    await until('2xx again', async () => [200, 202].includes((await say()).status), 5000);
    await world.untilMessages(1);
    await until('the outcome', async () => await world.metric('omgw_deliveries_pending') === 0);
    assert.equal((await world.messages()).length, 1);
});

test('it is ready while neither Genesys nor the partner answers', async (t) => {
    const world = await World.open(t, { settings: 'retry: { first: 50ms, ceiling: 200ms }' });
    await world.fault({ route: 'any', status: 503 });
    await world.partner.stop();
    await world.agent('ana', 'nobody is there');
    assert.equal((await world.partner.message('ana', 'nobody either')).status, 202);
    await until('both to be down', () => world.gateway.events('account.went_down').length >= 2);
    assert.equal((await request(`${world.admin}/readyz`)).status, 200);
    await world.clearFaults();
    await world.partner.start(world.partner.port);
});
