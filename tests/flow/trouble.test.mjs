// What an operator is promised in trouble: a reason, a bounded wait, a look that harms
// nobody, all mistakes at once, a reload in mid-flight, a way out through a proxy.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync }
    from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { GENESYS_SECRET, OMGW, World, textsOf } from './support/world.mjs';
import { SECRET } from './support/partner.mjs';
import { until } from './support/process.mjs';

// --- 401 -------------------------------------------------------------------------------

const PROBE_MS = 2000;

test('401 on the integration: paused with its reason, delivered within probe + 1 s of its end',
    async (t) => {
        const world = await World.open(t, { settings:
            `retry: { first: 50ms, ceiling: 500ms, probe: ${PROBE_MS}ms, give_up_genesys: 1s }` });
        const tookMs = [];
        // On a busy machine one of three must be in time.
        for (let round = 0; round < 3 && !(Math.min(...tookMs) <= PROBE_MS + 1000); round++) {
            const text = `held in round ${round}`;
            await world.fault({ route: 'message', status: 401 });
            await world.partner.message('patient-contact', text);
            const shown = await until('the pause', async () => {
                const bridge = await world.json('bridges', 'show', 'acme');
                return bridge.pauses.length > 0 && bridge;
            });
            assert.equal(shown.pauses[0].set_by, 'gateway');
            assert.match(shown.pauses[0].reason, /^Genesys Cloud answered 401/);
            assert.equal(shown.dead_letters, 0);
            await world.clearFaults();
            const end = Date.now();
            await until(text, async () => textsOf(await world.messages(), 'patient-contact')
                .includes(text));
            tookMs.push(Date.now() - end);
            await until('no pause', () => world.sql('SELECT 1 FROM pauses').length === 0);
        }
        assert.ok(Math.min(...tookMs) <= PROBE_MS + 1000, `${tookMs} ms`);
        assert.deepEqual(world.deadLetters(), []);
    });

// --- readers ---------------------------------------------------------------------------

test('a user without rights to write reads the views while the daemon runs', async (t) => {
    if (process.getuid() !== 0) {
        t.skip('needs root, to become another user');
        return;
    }
    const READERS = 54321;
    const folder = path.join('/var/tmp', `omgw-readers-${process.pid}`);
    mkdirSync(folder);
    t.after(() => execFileSync('rm', ['-rf', folder]));
    chownSync(folder, 0, READERS);
    chmodSync(folder, 0o2750); // as OPERATIONS.md says: files take over the folder's group
    const world = await World.open(t, { database: path.join(folder, 'omgw.db') });
    const ask = (sql, groups, options = ['-readonly']) => spawnSync('setpriv', [
        '--reuid=65534', '--regid=65534', groups, 'sqlite3', ...options, world.database, sql],
    { encoding: 'utf8' });
    const readers = `--groups=${READERS}`;

    for (let n = 0; n < 5; n++) {
        await world.partner.message('looked-at-contact', `message ${n}`);
        await world.untilMessages(n + 1);
        const answer = ask('SELECT count(*) FROM v_messages', readers);
        assert.equal(answer.stderr, '');
        assert.equal(answer.stdout.trim(), String(n + 1), 'what is committed, at once');
    }
    for (const view of ['v_bridges', 'v_conversations', 'v_deliveries', 'v_dead_letters',
        'v_mappings'])
        assert.equal(ask(`SELECT count(*) >= 0 FROM ${view}`, readers).stdout.trim(), '1', view);
    for (const options of [['-readonly'], []])
        assert.match(ask('DELETE FROM messages', readers, options).stderr, /readonly/);
    const stranger = ask('SELECT count(*) FROM v_messages', '--clear-groups');
    assert.notEqual(stranger.status, 0);
    assert.equal(stranger.stdout, '');
    for (const suffix of ['', '-wal', '-shm'])
        assert.equal(statSync(world.database + suffix).mode & 0o777, 0o640, suffix);
});

// --- all mistakes ----------------------------------------------------------------------

test('every mistake of a configuration at once, each with its place and what to do', async (t) => {
    const world = await World.open(t);
    const file = path.join(world.dir, 'wrong.yaml');
    writeFileSync(file, `\
public_url: http://127.0.0.1:1
public_url: http://127.0.0.1:2
limtis: { body: 1MiB }
timeouts: { header: soon }
database: "sqlite:${world.dir}/other.db"
genesys:
  - name: main
    api_url: http://127.0.0.1:1
    login_url: http://127.0.0.1:1
    client_id: a
    client_secret_file: ${world.dir}/missing-secret
bridges:
  - name: one
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000002
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    partner: { callback_url: "http://127.0.0.1:1/", secrets: [ { value: "${SECRET}" } ] }
  - name: two
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000002
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    partner: { callback_url: "http://127.0.0.1:1/", secrets: [ { value: "${SECRET}" } ] }
`);
    const answer = spawnSync(OMGW, ['config', 'check', '--config', file], { encoding: 'utf8' });
    assert.equal(answer.status, 78, answer.stderr);
    const said = answer.stdout + answer.stderr;
    for (const [name, line, pattern] of [
        ['a duplicate', 2, /public_url/],
        ['an unknown key', 3, /limtis.*did you mean "?limits/],
        ['a wrong type', 4, /duration|soon/],
        ['a missing secret file', 11, /missing-secret/],
        ['two bridges with one integration', 22, /integration/],
    ]) {
        const found = said.split('\n').find((text) => text.includes(`wrong.yaml:${line}:`));
        assert.ok(found, `${name}: no line ${line} in\n${said}`);
        assert.match(found, /wrong\.yaml:\d+:\d+: \S/, name);
        assert.match(found, pattern, name);
    }
    assert.ok(!said.includes(GENESYS_SECRET) && !said.includes(SECRET));
});

// --- reload in mid-flight --------------------------------------------------------------

test('a reload lets attempts end as they began: nothing lost, doubled or misdirected', async (t) => {
    const world = await World.open(t);
    const elsewhere = [];
    const other = http.createServer((req, res) => {
        const chunks = [];
        req.on('data', (chunk) => chunks.push(chunk));
        req.on('end', () => {
            elsewhere.push(JSON.parse(Buffer.concat(chunks)));
            res.end('{}');
        });
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => { other.closeAllConnections(); other.close(); });

    // Both ways something is under way: Genesys is slow, the partner too.
    await world.fault({ route: 'message', delay_ms: 1500, times: 1 });
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    const server = world.partner.server;
    const [take] = server.listeners('request');
    server.removeAllListeners('request');
    server.on('request', async (req, res) => {
        const chunks = [];
        for await (const chunk of req)
            chunks.push(chunk);
        await held;
        const again = http.request({ port: inner.address().port, method: 'POST', path: req.url,
            headers: req.headers }, (answer) => {
            res.writeHead(answer.statusCode);
            answer.pipe(res);
        });
        again.end(Buffer.concat(chunks));
    });
    const inner = http.createServer(take).listen(0, '127.0.0.1');
    await once(inner, 'listening');
    t.after(() => { inner.closeAllConnections(); inner.close(); });
    await world.partner.message('slow-contact', 'under way to Genesys');
    await world.agentSays('slow-contact', 'under way to the partner');
    await world.untilMessages(1);

    const before = readFileSync(world.configFile, 'utf8');
    writeFileSync(world.configFile, before
        .replace(`callback_url: "${world.partner.url}"`,
            `callback_url: "http://127.0.0.1:${other.address().port}/moved"`)
        .replace('requests_per_minute: 0', 'requests_per_minute: 600'));
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.reloaded');
    await world.partner.message('slow-contact', 'after the reload');
    await world.agentSays('slow-contact', 'to the new address');
    release();

    await world.untilMessages(2);
    await until('the new address', () => elsewhere.some((e) => e.type === 'agent.message'));
    await until('quiet', async () => await world.metric('omgw_deliveries_pending') === 0);
    assert.deepEqual(textsOf(await world.messages(), 'slow-contact'),
        ['under way to Genesys', 'after the reload']);
    assert.deepEqual(world.partner.of('agent.message').map((e) => e.data.text),
        ['under way to the partner'], 'it ended where it began');
    assert.deepEqual(elsewhere.filter((e) => e.type === 'agent.message')
        .map((e) => e.data.text), ['to the new address']);
    assert.equal(await world.metric('omgw_possible_duplicates_total'), 0);
});

// --- the way out -----------------------------------------------------------------------

// A small forward proxy: CONNECT, and requests with an absolute target.
async function proxy(t) {
    const seen = [];
    const server = http.createServer((req, res) => {
        seen.push(`${req.method} ${req.url}`);
        const target = new URL(req.url);
        const onward = http.request({ host: target.hostname, port: target.port,
            method: req.method, path: target.pathname + target.search,
            headers: req.headers }, (answer) => {
            res.writeHead(answer.statusCode, answer.headers);
            answer.pipe(res);
        });
        onward.on('error', () => res.destroy());
        req.pipe(onward);
    });
    server.on('connect', (req, socket) => {
        seen.push(`CONNECT ${req.url}`);
        const [host, port] = req.url.split(':');
        const onward = net.connect(Number(port), host, () => {
            socket.write('HTTP/1.1 200 OK\r\n\r\n');
            socket.pipe(onward).pipe(socket);
        });
        onward.on('error', () => socket.destroy());
        socket.on('error', () => onward.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => { server.closeAllConnections(); server.close(); });
    return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

// A certificate of our own for 127.0.0.1.
function certificate(folder) {
    const key = path.join(folder, 'peer.key');
    const cert = path.join(folder, 'peer.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
        '-keyout', key, '-out', cert, '-subj', '/CN=127.0.0.1',
        '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(cert), file: cert };
}

test('through an egress proxy to a peer with a certificate of our own, with static headers',
    async (t) => {
        const way = await proxy(t);
        const world = await World.start({ settings: `egress: { proxy: "${way.url}" }` });
        t.after(() => world.stop());
        const peer = certificate(world.dir);
        const heard = [];
        const server = https.createServer(peer, (req, res) => {
            const chunks = [];
            req.on('data', (chunk) => chunks.push(chunk));
            req.on('end', () => {
                heard.push({ headers: req.headers, ...JSON.parse(Buffer.concat(chunks)) });
                res.end('{}');
            });
        }).listen(0, '127.0.0.1');
        await once(server, 'listening');
        t.after(() => { server.closeAllConnections(); server.close(); });
        const { port } = server.address();
        const configure = (egress) => writeFileSync(world.configFile,
            readFileSync(world.configFile, 'utf8')
                .replace(/callback_url: .*/, `callback_url: "https://127.0.0.1:${port}/omgw"`)
                .replace(/egress: .*/, `egress: { ${egress} }`)
                .replace(/ {6}headers: .*\n/, '')
                .replace(/ {6}secrets: (.*)/, '      secrets: $1\n' +
                    '      headers: { X-Tenant: blue, Authorization: "Bearer of-the-test" }'));
        assert.equal(await world.stopGateway(), 0);
        configure(`proxy: "${way.url}", ca_file: "${peer.file}"`);
        await world.startGateway();

        await world.partner.message('far-away-contact', 'through the proxy');
        await world.untilMessages(1);
        await world.agent('far-away-contact', 'and back');
        await until('the answer', () => heard.some((e) => e.type === 'agent.message'));
        assert.ok(way.seen.includes(`CONNECT 127.0.0.1:${port}`), way.seen.join('\n'));
        assert.ok(way.seen.some((line) => line.startsWith(`POST ${world.genesys}/`)) ||
            way.seen.includes(`CONNECT ${world.genesys.slice(7)}`), way.seen.join('\n'));
        const answer = heard.find((e) => e.type === 'agent.message');
        assert.equal(answer.headers['x-tenant'], 'blue');
        assert.equal(answer.headers.authorization, 'Bearer of-the-test');

        // Without that certificate nothing is said, and nothing is lost.
        assert.equal(await world.stopGateway(), 0);
        writeFileSync(world.configFile, readFileSync(world.configFile, 'utf8')
            .replace(/, ca_file: "[^"]*"/, ''));
        await world.startGateway();
        const before = heard.length;
        await world.agent('far-away-contact', 'to a stranger');
        const failed = await until('a refusal', () =>
            world.gateway.events('delivery.failed').find((e) => e.kind === 'message'));
        assert.match(failed.reason, /certificate/i);
        assert.equal(heard.length, before);
        assert.equal(await world.metric('omgw_deliveries_pending'), 1);
    });
