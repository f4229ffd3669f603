// A core file would hold messages, secrets and tokens: `omgw serve` leaves none.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { PLAIN } from './support/clock.mjs';
import { coreFiles } from './support/cores.mjs';
import { World } from './support/world.mjs';

// The limit that a shell may have set. Sanitizers forbid core files themselves, so the
// program is of the other build.
const UNLIMITED = { program: PLAIN, wrap: ['prlimit', '--core=unlimited', '--'] };

const limitOf = ({ pid }) => /^Max core file size +(\S+)/m.exec(
    readFileSync(`/proc/${pid}/limits`, 'utf8'))[1];

async function crash(world) {
    await world.partner.message('ana', 'A line that stands in memory.');
    const { signal } = await world.gateway.kill('SIGSEGV');
    assert.equal(signal, 'SIGSEGV');
    return coreFiles(world.dir);
}

// Where the system puts core files: a name alone is below the working directory.
const isLocal = () => /^[^|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'));

test('serve leaves no core file', async (t) => {
    const world = await World.start({ ...UNLIMITED, cwd: 'own' });
    t.after(() => world.stop());
    assert.equal(limitOf(world.gateway.process), '0');
    assert.deepEqual(await crash(world), []);
});

test('serve --core leaves one', async (t) => {
    const world = await World.start({ ...UNLIMITED, cwd: 'own', arguments: ['--core'] });
    t.after(() => world.stop());
    assert.equal(limitOf(world.gateway.process), 'unlimited');
    const files = await crash(world);
    if (!isLocal()) {
        t.diagnostic('core files of this machine go elsewhere: not looked for');
        return;
    }
    assert.equal(files.length, 1);
    rmSync(files[0]); // it was wanted
});
