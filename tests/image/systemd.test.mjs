// The systemd unit: its words are right, its sandbox is tight, and the program, watched while
// it works, does nothing that the sandbox forbids.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child, until } from '../flow/support/process.mjs';
import { OMGW, World } from '../flow/support/world.mjs';
import { folder } from './support/container.mjs';

const UNIT = fileURLToPath(new URL('../../scripts/systemd/omgw.service', import.meta.url));
const unit = readFileSync(UNIT, 'utf8');

// The highest exposure that is accepted, of 10; systemd calls up to 2 "OK".
const EXPOSURE_MAX = 1.1;
const ACCOUNT = '65532';

function analyze(...args) {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args,
        { encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
    return { status, text: stdout + stderr };
}

test('systemd understands the unit', (t) => {
    const file = path.join(folder(t), 'omgw.service');
    writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${OMGW}`));
    assert.deepEqual(analyze('verify', '--man=no', file), { status: 0, text: '' });
});

test('the sandbox is as tight as it was', (t) => {
    const { status, text } = analyze('security', '--offline=true', '--no-pager', UNIT);
    assert.equal(status, 0, text);
    const [line, exposure] = /Overall exposure level for omgw\.service: ([\d.]+)/.exec(text);
    t.diagnostic(line);
    assert.ok(Number(exposure) <= EXPOSURE_MAX, text);
});

// The system calls of a set, and of the sets in it.
function callsOf(set, known = new Set()) {
    const lines = analyze('syscall-filter', set).text.split('\n').slice(1)
        .map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines)
        if (line.startsWith('@'))
            callsOf(line, known);
        else
            known.add(line);
    return known;
}

// What the SystemCallFilter= lines let through.
function allowedCalls() {
    const allowed = new Set();
    for (const [, sign, sets] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
        for (const set of sets.split(' '))
            for (const call of callsOf(set))
                if (sign === '~')
                    allowed.delete(call);
                else
                    allowed.add(call);
    return allowed;
}

test('the program makes no system call that the sandbox forbids', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    await world.stopGateway();
    // Under an account like DynamicUser's: SQLite, for one, does more as root.
    const dir = folder(t);
    copyFileSync(OMGW, path.join(dir, 'omgw'));
    execFileSync('chown', ['-R', ACCOUNT, world.dir]);
    const trace = path.join(world.dir, 'trace');
    world.options.program = path.join(dir, 'omgw');
    // -D: the tracer stands aside, so that the signals reach the program.
    world.options.wrap = ['setpriv', '--reuid', ACCOUNT, '--regid', ACCOUNT,
        '--clear-groups', 'strace', '-D', '-f', '-qq', '-o', trace];
    await world.startGateway();
    assert.equal((await world.partner.message('ana', 'hello')).status, 202);
    await world.untilMessages(1);
    await world.agent('ana', 'hello, Ana');
    await world.partner.untilReceived('the answer', ({ type }) => type === 'agent.message');
    await world.reload({});
    assert.ok(await world.metric('process_open_fds') > 0);
    assert.equal(await world.stopGateway(), 0);

    await until('the end of the trace', () => / exit_group\(0\)/.test(
        existsSync(trace) ? readFileSync(trace, 'utf8') : ''));
    const lines = readFileSync(trace, 'utf8').split('\n');
    // Up to its own exec it is strace, and systemd sets the filter right before that.
    const own = lines.slice(lines.findIndex((line) => line.includes('execve(')) + 1);
    const made = new Set(own.map((line) => /^\d+ +(?:<\.\.\. )?(\w+)/.exec(line)?.[1])
        .filter((call) => call !== undefined && call !== 'exited'));
    assert.ok(made.size > 40 && made.has('fdatasync'), [...made].join(' '));
    const allowed = allowedCalls();
    assert.deepEqual([...made].filter((call) => !allowed.has(call)), []);

    const families = unit.match(/^RestrictAddressFamilies=(.*)$/m)[1].split(' ');
    const used = own.map((line) => /\bsocket\((AF_\w+)/.exec(line)?.[1]);
    for (const family of new Set(used.filter(Boolean)))
        assert.ok(families.includes(family), family);
    assert.deepEqual(own.filter((line) => /PROT_WRITE\|PROT_EXEC/.test(line) ||
        /mprotect\(.*PROT_EXEC/.test(line)), [], 'MemoryDenyWriteExecute=');
});

// Datagrams to a socket, each as one line; Node.js has none on Unix sockets.
const LISTEN = `socket(S, PF_UNIX, SOCK_DGRAM, 0) and bind(S, pack_sockaddr_un($ARGV[0]))
    or die $!;
$| = 1;
print "listens\\n";
print "$m\\n" while defined recv(S, $m, 4096, 0)`;

test('systemd is told what goes on', async (t) => {
    const socket = path.join(folder(t), 'notify');
    const manager = new Child('perl', ['-MSocket', '-e', LISTEN, socket]);
    t.after(() => manager.kill());
    await until('the socket', () => manager.lines.length === 1);
    const world = await World.start({ env: { NOTIFY_SOCKET: socket } });
    t.after(() => world.stop());
    assert.match(unit, /^Type=notify$/m);
    assert.match(unit, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
    await world.reload({});
    assert.equal(await world.stopGateway(), 0);
    await until('the last word', () => manager.lines.includes('STOPPING=1'));
    assert.deepEqual(manager.lines, ['listens', 'READY=1', 'RELOADING=1', 'READY=1',
        'STOPPING=1']);
});
