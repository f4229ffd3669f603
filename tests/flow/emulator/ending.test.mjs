// SIGTERM ends the emulator whatever is under way: answers held back by faults, webhooks that
// hang, are refused and wait for their next try, clients that flood, drip and never read.
//
// OMGW_ENDINGS (default 8) rounds, OMGW_SEED replays a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { Emulated, INTEGRATION } from './support/emulated.mjs';
import { generator } from '../support/history.mjs';

const ROUNDS = Number(process.env.OMGW_ENDINGS ?? 8);
const SEED = Number(process.env.OMGW_SEED ?? randomInt(2 ** 31));
// It finishes what it can for a second; a sanitizer then looks for leaks.
const ENDS_MS = 10000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A webhook that hangs, answers 500, closes or takes, by turns.
async function badWebhook(t) {
    let turn = 0;
    const server = http.createServer((req, res) => {
        req.resume();
        const answers = [() => {}, () => res.writeHead(500).end(), () => req.socket.destroy(),
            () => res.writeHead(200).end('{}')];
        answers[turn++ % answers.length]();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return server.address().port;
}

// Clients that are there when the end comes. Nobody minds how theirs ends.
function badClients(url) {
    const { port } = new URL(url);
    const starts = ['', 'GET /_emulator/mess', 'POST /oauth/token HTTP/1.1\r\nHost: x\r\n' +
        'Content-Length: 1000\r\n\r\nhalf', 'GET /_emulator/requests HTTP/1.1\r\nHost: x\r\n\r\n'
        .repeat(200)];
    return starts.flatMap((start) => Array.from({ length: 3 }, () => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write(start));
        socket.on('error', () => {});
        socket.pause();
        return socket;
    }));
}

// Keeps asking until the emulator is gone.
async function flood(emulated, isOver) {
    const ask = async (what) => {
        while (!isOver())
            await what().catch(() => pause(5));
    };
    await Promise.all([
        ask(() => emulated.control('agent', { integrationId: INTEGRATION, to: 'ana', text: 'x' })),
        ask(() => emulated.control('messages')),
        ask(() => emulated.inbound('message', { channel: { from: { id: 'ana', idType: 'Opaque' },
            time: '2026-01-01T00:00:00Z' }, text: 'x' })),
    ]);
}

// What its threads do: of a process that does not end.
function threadsOf(pid) {
    return readdirSync(`/proc/${pid}/task`).map((id) => {
        const read = (name) => readFileSync(`/proc/${pid}/task/${id}/${name}`, 'utf8').trim();
        return `${id} ${read('wchan')} ${read('stat')}`;
    }).join('\n');
}

test(`it ends under load, ${ROUNDS} times, seed ${SEED}`, { timeout: 300000 }, async (t) => {
    const random = generator(SEED);
    const port = await badWebhook(t);
    let longestMs = 0;
    let over = false;
    t.after(() => { over = true; }); // also when an assertion fails
    for (let round = 0; round < ROUNDS; round++) {
        // A name is looked up by a thread of libcurl's own.
        const webhookUrl = `http://${round % 2 === 0 ? '127.0.0.1' : 'localhost'}:${port}/hook`;
        const emulated = await Emulated.start(t, { webhookUrl, args: ['--retry-delay-ms', '20',
            '--webhook-connections', '8', '--requests-per-minute', '0'] });
        await emulated.login();
        for (const fault of [{ delay_ms: 60000, times: 5 }, { drop: 'reset', times: 5 },
            { drop: 'after', times: 5 }, { status: 503, times: 5 }, { delay_ms: 3 }])
            await emulated.control('faults', { route: 'message', ...fault });
        const sockets = badClients(emulated.url);
        over = false;
        const flooding = flood(emulated, () => over);
        await pause(random() * 400);
        const from = performance.now();
        const ended = await Promise.race([emulated.child.kill('SIGTERM'), pause(ENDS_MS)]);
        if (ended === undefined)
            assert.fail(`it does not end:\n${threadsOf(emulated.child.process.pid)}`);
        longestMs = Math.max(longestMs, performance.now() - from);
        assert.equal(ended.code, 0, emulated.child.lines.slice(-20).join('\n'));
        over = true;
        sockets.forEach((socket) => socket.destroy());
        await flooding;
    }
    t.diagnostic(`the longest end took ${Math.round(longestMs)} ms`);
});
