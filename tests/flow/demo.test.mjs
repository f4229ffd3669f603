// The command `omgw demo`: what it starts, what it says, and that nothing is left of it.
// What its page shows is held by tests/browser.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Demo } from './support/demo.mjs';
import { request } from './support/partner.mjs';
import { Child, freePort, until } from './support/process.mjs';
import { OMGW } from './support/world.mjs';

// The ids of the processes that this one has started.
function children(pid) {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
        try {
            return readFileSync(`/proc/${name}/stat`, 'utf8').replace(/.*\) /, '')
                .split(' ')[1] === String(pid);
        } catch {
            return false; // it has just ended
        }
    }).map(Number);
}

function commandOf(pid) {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}

const childNamed = (demo, word) => children(demo.child.process.pid)
    .find((pid) => commandOf(pid).some((part) => part.endsWith(word)));

function run(...args) {
    return new Child(OMGW, args).said();
}

async function assertGone(demo, pids) {
    assert.equal(existsSync(path.dirname(demo.config)), false, 'its folder');
    for (const pid of pids)
        assert.equal(existsSync(`/proc/${pid}`), false, `process ${pid}`);
    await assert.rejects(request(demo.url));
    await assert.rejects(request(demo.emulator));
}

test('--check sends one message each way and says what became of them', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('omgw-demo-'));
    const { code, text } = await run('demo', '--check');
    assert.equal(code, 0, text);
    assert.match(text, /^== the customer writes ==\nomgw answers: \{"id":"[0-9a-f]{32}","conversation":1\}\n/);
    assert.match(text, /\{"text":"Hello, where is my order\?","conversationId":"[0-9a-f-]{36}"\}/);
    assert.match(text, /== the agent answers ==\n\{"id":"[0-9a-f]{32}","state":"delivery-success"\}/);
    assert.match(text, /== its whole life: omgw trace [0-9a-f]{32} ==\nmatched +gateway message id\n/);
    assert.match(text, /curl http:\/\/127\.0\.0\.1:\d+\/say -d '/);
    assert.match(text, /\ndemo: all well\n*$/);
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('omgw-demo-'));
    assert.deepEqual(after.filter((name) => !before.includes(name)
        && text.includes(name)), []);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
    test(`${signal} ends everything and leaves nothing`, async (t) => {
        const demo = await Demo.start(t);
        const pids = children(demo.child.process.pid);
        assert.equal(pids.length, 2);
        const said = await request(`${demo.url}say`, { method: 'POST', body: '{"text":"Hello"}' });
        assert.equal(said.status, 202);
        await demo.stop(signal);
        await assertGone(demo, pids);
    });
}

test('a signal while it starts ends it too', async () => {
    const child = new Child(OMGW, ['demo', '--free-ports']);
    await until('its children', () => children(child.process.pid).length > 0);
    const pids = children(child.process.pid);
    const { code } = await child.kill('SIGINT');
    assert.equal(code, 0, child.lines.join('\n'));
    for (const pid of pids)
        assert.equal(existsSync(`/proc/${pid}`), false, `process ${pid}`);
});

test('the lines to play on work as they stand', async (t) => {
    const demo = await Demo.start(t);
    const lines = demo.child.lines.filter((line) => /^ {2}(curl|omgw messages) /.test(line));
    assert.equal(lines.length, 5);
    for (const line of lines) {
        const shell = new Child('bash', ['-c', `set -o pipefail; ${line.replace('omgw messages',
            `${OMGW} messages`)}`]);
        const { code, text } = await shell.said();
        assert.equal(code, 0, `${line}\n${text}`);
        assert.notEqual(text, '', line);
    }
});

for (const [name, word] of [['the gateway', 'serve'], ['the emulator', 'genesys-emulator']]) {
    test(`an end of ${name} ends the demo, in words`, async (t) => {
        const demo = await Demo.start(t);
        const pids = children(demo.child.process.pid);
        process.kill(childNamed(demo, word), 'SIGKILL');
        const { code } = await demo.child.ended;
        assert.equal(code, 69);
        await assertGone(demo, pids);
        await demo.child.closed; // by those that are gone too
        assert.match(demo.text(), new RegExp(`omgw: ${name} was ended by signal 9 \\(Killed\\)`));
        demo.stop = async () => {}; // it has ended, as it should
    });
}

test('a killed demo takes its children with it', async (t) => {
    const demo = await Demo.start(t);
    const pids = children(demo.child.process.pid);
    demo.stop = async () => {};
    await demo.child.kill('SIGKILL');
    await until('the children to end', () => pids.every((pid) => !existsSync(`/proc/${pid}`)
        || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))));
    rmSync(path.dirname(demo.config), { recursive: true }); // the one thing it leaves
});

test('settings of another gateway in the environment are not taken', async (t) => {
    const demo = await Demo.start(t, [], {
        env: { ...process.env, OMGW_LOG__LEVEL: 'nonsense', OMGW_DATABASE: 'sqlite:/nowhere/x' },
    });
    assert.equal((await request(demo.url)).status, 200);
});

test('without an emulator it says so', async (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'omgw-alone-'));
    t.after(() => rmSync(dir, { recursive: true }));
    copyFileSync(OMGW, path.join(dir, 'omgw'));
    const child = new Child(path.join(dir, 'omgw'), ['demo', '--free-ports'],
        { env: { ...process.env, PATH: dir } });
    const { code, text } = await child.said();
    assert.equal(code, 69);
    assert.match(text, /there is no program "genesys-emulator"/);
});

test('wrong use is refused with a reason', async (t) => {
    const taken = await Demo.start(t);
    const port = new URL(taken.url).port;
    const cases = [
        [['--port', 'x'], /--port must be a number/],
        [['--port', port], /is taken/],
        [['--unplug', '20'], /--unplug must be a time/],
        [['--unplug', '11m'], /--unplug must be a time/],
    ];
    for (const [args, expected] of cases) {
        const { code, text } = await run('demo', '--free-ports', ...args);
        assert.equal(code, 64, text);
        assert.match(text, expected);
    }
});

test('where a usual port is taken it says which one it takes instead', async (t) => {
    const holder = net.createServer();
    await new Promise((resolve) => { // somebody may have it already: as good
        holder.once('error', resolve).listen(8070, '127.0.0.1', resolve);
    });
    t.after(() => holder.close());
    const demo = await Demo.start(t, [], {}, []);
    const [, port] = demo.text().match(/omgw: port 8070 is taken: the page takes (\d+)/);
    assert.equal(demo.url, `http://127.0.0.1:${port}/`);
    assert.equal((await request(demo.url)).status, 200);
});

test('a named port is the page\'s', async (t) => {
    const port = await freePort();
    const demo = await Demo.start(t, ['--port', String(port)]);
    assert.equal(demo.url, `http://127.0.0.1:${port}/`);
    const page = await request(demo.url);
    assert.equal(page.status, 200);
    assert.match(page.headers['content-security-policy'],
        new RegExp(`frame-src ${demo.emulator.replace(/\/$/, '')};`));
});
