// The containers of docker/, behind each proxy: what passes, what does not, and what the
// gateway's process may do.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { until } from '../flow/support/process.mjs';
import { IMAGES, statusOf, writableMounts } from './support/container.mjs';
import { Deployment, PROXIES } from './support/deployment.mjs';

const MIB = 1024 * 1024;

test('the image has one program and no shell', () => {
    for (const [image, program] of [['omgw', 'omgw'], ['emulator', 'genesys-emulator']]) {
        const root = path.join(IMAGES, image);
        assert.deepEqual(readdirSync(path.join(root, 'usr/bin')), [program]);
        for (const absent of ['bin', 'sbin', 'usr/sbin', 'usr/local'])
            assert.ok(!existsSync(path.join(root, absent)), `${image} has ${absent}`);
    }
});

test('the process has no right that it does not need', async (t) => {
    const deployment = await Deployment.start(t, 'nginx');
    const pid = await deployment.gateway.pid();
    assert.equal(statusOf(pid, 'Uid'), '65532\t65532\t65532\t65532');
    assert.equal(statusOf(pid, 'Gid'), '65532\t65532\t65532\t65532');
    assert.equal(statusOf(pid, 'Groups'), '');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.match(statusOf(pid, set), /^0+$/, set);
    assert.equal(statusOf(pid, 'NoNewPrivs'), '1');
    for (const kind of ['pid', 'ipc', 'mnt', 'uts', 'user'])
        assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`),
            readlinkSync(`/proc/self/ns/${kind}`), kind);
    assert.deepEqual(writableMounts(pid), ['/run/omgw', '/var/lib/omgw']);
    assert.equal((await deployment.say('all of it works so')).status, 202);
    await deployment.untilMessages(1);
});

test('health, metrics, an end on SIGTERM, a new start on the same volume', async (t) => {
    const deployment = await Deployment.start(t, 'nginx',
        { OMGW_LIMITS__CONNECTIONS_PER_PEER: '1' });
    assert.equal(await deployment.health(), 0);
    assert.equal((await deployment.metrics()).status, 401);
    assert.equal((await deployment.metrics(deployment.token)).status, 200);
    assert.equal((await deployment.say('before')).status, 202);

    // Two of one client, which may have one: once the other is refused, this is under way.
    const begun = ['under way', 'under way'].map((text) => deployment.begin(text));
    const refused = await Promise.race(begun.map(({ answer }) => answer));
    assert.equal(refused.status, 429);
    const ended = deployment.gateway.stop();
    for (const one of begun)
        one.finish();
    assert.equal(await ended, 0);
    const answers = await Promise.all(begun.map(({ answer }) => answer));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 429]);
    assert.equal(await deployment.health(), 69);
    const late = await deployment.say('nobody there');
    assert.equal(late.status, 502, 'senders repeat on it');

    await deployment.startGateway();
    assert.equal(await deployment.health(), 0);
    assert.equal((await deployment.say('after')).status, 202);
    const rows = await deployment.untilMessages(3);
    assert.deepEqual(rows.map((row) => row.text), ['before', 'under way', 'after']);
});

for (const proxy of Object.keys(PROXIES)) {
    test(`${proxy}: a webhook in, the agent's answer out, over TLS`, async (t) => {
        const deployment = await Deployment.start(t, proxy);
        assert.equal((await deployment.say('where is my order?')).status, 202);
        const [row] = await deployment.untilMessages(1);
        assert.equal(row.text, 'where is my order?');
        await deployment.control('agent', { integrationId: row.integrationId ??
            '5a1d3a52-0000-4000-8000-000000000002', to: 'ana', text: 'on its way' });
        const [event] = await deployment.partner.untilReceived('the answer',
            ({ type }) => type === 'agent.message');
        assert.equal(event.data.text, 'on its way');
        assert.ok(event.verified);
        await until('the receipt', async () => (await deployment.control('receipts')).length);
    });

    test(`${proxy}: only webhooks and media pass`, async (t) => {
        const deployment = await Deployment.start(t, proxy);
        for (const pathname of ['/', '/metrics', '/livez', '/readyz', '/api/v1/dead',
            '/webhooks', '/webhooks/../metrics', '/WEBHOOKS/channels/acme'])
            assert.equal((await deployment.ask('GET', pathname)).status, 404, pathname);
        assert.equal((await deployment.ask('POST', '/webhooks/channels/acme',
            { body: '{}' })).status, 401);
        assert.equal((await deployment.ask('GET', '/media/none')).status, 404);
    });

    test(`${proxy}: a body that is too large is refused`, async (t) => {
        const deployment = await Deployment.start(t, proxy);
        const post = (headers, write) => deployment.ask('POST', '/webhooks/channels/acme', {
            headers,
            write: (req) => {
                req.on('error', () => {});
                req.flushHeaders();
                write(req);
            },
        });
        for (const length of [MIB + 1, 2 * MIB, 64 * MIB]) {
            const announced = await post({ 'content-length': length },
                (req) => req.write('{'));
            assert.equal(announced.status, 413, `${length} bytes`);
        }
        const chunked = await post({ 'transfer-encoding': 'chunked' },
            (req) => req.end(Buffer.alloc(MIB + 32768, 120)));
        assert.equal(chunked.status, 413);
        assert.equal((await deployment.say('x'.repeat(1000))).status, 202);
    });

    test(`${proxy}: the client's own address counts, not what it claims`, async (t) => {
        const deployment = await Deployment.start(t, proxy,
            { OMGW_LIMITS__CONNECTIONS_PER_PEER: '4' });
        const begun = Array.from({ length: 5 }, (_, i) =>
            deployment.begin(`held ${i}`, { from: '127.0.0.20' }));
        const refused = await Promise.race(begun.map(({ answer }) => answer));
        assert.equal(refused.status, 429, 'one of five at once');
        const forged = { from: '127.0.0.20', headers: { 'x-forwarded-for': '192.0.2.1' } };
        assert.equal((await deployment.say('one too many', forged)).status, 429);
        assert.equal((await deployment.say('another', { from: '127.0.0.21' })).status, 202);
        for (const one of begun)
            one.finish();
        const answers = await Promise.all(begun.map(({ answer }) => answer));
        assert.equal(answers.filter(({ status }) => status === 202).length, 4);
        assert.equal((await deployment.say('room again', forged)).status, 202);
    });

    test(`${proxy}: a slow client is cut, others go on`, async (t) => {
        const deployment = await Deployment.start(t, proxy);
        const head = `POST /webhooks/channels/acme HTTP/1.1\r\nHost: localhost\r\n`;
        const [headers, body] = await Promise.all([
            drip(deployment, 'POST /webhooks', 'x'),
            drip(deployment, `${head}Content-Length: 1000\r\n\r\n`, 'x'),
            deployment.say('meanwhile').then(({ status }) => assert.equal(status, 202)),
        ]);
        assert.ok(headers.ms > 8000 && headers.ms < 15000, `headers: ${headers.ms} ms`);
        assert.ok(body.ms > 18000 && body.ms < PROXIES[proxy].body, `body: ${body.ms} ms`);
        // Whatever a sender may be told, its message was not stored.
        assert.match(headers.answer, /^(HTTP\/1\.1 4|$)/);
        assert.match(body.answer, /^(HTTP\/1\.1 (408|502) |$)/);
    });
}

// A client of a byte each half second; resolves to how long it was let, and to its answer.
function drip(deployment, start, more) {
    const { port } = new URL(deployment.url); // empty: TLS's own
    return new Promise((resolve) => {
        const from = Date.now();
        const socket = tls.connect({ host: 'localhost', port: Number(port || 443),
            ca: deployment.ca, ALPNProtocols: ['http/1.1'] }, () => socket.write(start));
        const timer = setInterval(() => socket.write(more), 500);
        socket.on('error', () => {});
        let answer = '';
        socket.on('data', (chunk) => { answer += chunk; });
        socket.on('close', () => {
            clearInterval(timer);
            resolve({ ms: Date.now() - from, answer });
        });
    });
}

test('nginx: a client that floods is told to slow down, others are not', async (t) => {
    const deployment = await Deployment.start(t, 'nginx');
    const flood = await Promise.all(Array.from({ length: 1200 }, () =>
        deployment.ask('GET', '/media/none', { from: '127.0.0.30' })));
    const statuses = new Set(flood.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [404, 429]);
    assert.equal((await deployment.say('others', { from: '127.0.0.31' })).status, 202);
});

test('an address that is no proxy is not believed', async (t) => {
    const deployment = await Deployment.start(t, 'nginx',
        { OMGW_LIMITS__CONNECTIONS_PER_PEER: '4' });
    const ended = Array.from({ length: 8 }, (_, i) => new Promise((resolve) => {
        const socket = net.connect({ host: '127.0.0.1', port: 8080,
            localAddress: '127.0.0.40' }, () => socket.write(
            `GET /media/none HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.${i}\r\n\r\n`));
        let text = '';
        socket.on('data', (chunk) => {
            text += chunk;
            resolve(text);
        });
        socket.on('close', () => resolve(text));
        socket.on('error', () => resolve(text));
        t.after(() => socket.destroy());
    }));
    const answers = await Promise.all(ended);
    assert.equal(answers.filter((text) => text.includes(' 404 ')).length, 4);
});
