// What the other flow tests stand on: it must fail at once, with a line that says why, and
// must not get in its own way.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { Child, freePort } from './support/process.mjs';
import { World } from './support/world.mjs';

const MISSING = '/nonexistent/omgw';

test('a program that is missing has ended', { timeout: 10000 }, async () => {
    const child = new Child(MISSING, ['serve']);
    assert.deepEqual(await child.kill(), { code: 127, signal: null });
    assert.deepEqual(await child.said(),
        { code: 127, text: `cannot start ${MISSING}: ENOENT\n` });
    await assert.rejects(child.untilEvent('serve.started'), /cannot start .*: ENOENT/);
});

test('a world without its gateway fails at once, and leaves nothing', { timeout: 10000 },
    async () => {
        for (const logLevel of [undefined, 'error']) // two ways to wait for it
            await assert.rejects(World.start({ program: MISSING, logLevel }),
                /cannot start \/nonexistent\/omgw: ENOENT/);
    });

// As another suite would ask, in a process of its own.
async function portsOfAnother(count) {
    const child = new Child(process.execPath, ['--input-type=module', '-e',
        `import { freePort } from '${new URL('./support/process.mjs', import.meta.url)}';
        for (let i = 0; i < ${count}; i++)
            console.log(await freePort());
        setInterval(() => {}, 1000); // keeps them`]);
    while (child.lines.length < count) {
        assert.equal(child.code, undefined, child.text);
        await once(child.process.stdout, 'data');
    }
    return { child, ports: child.lines.map(Number) };
}

test('nobody is given a port that another was given', { timeout: 60000 }, async (t) => {
    const others = await Promise.all([1, 2].map(() => portsOfAnother(600)));
    t.after(() => Promise.all(others.map(({ child }) => child.kill())));
    const mine = [];
    for (let i = 0; i < 600; i++)
        mine.push(await freePort());
    const all = [...mine, ...others.flatMap(({ ports }) => ports)];
    assert.equal(new Set(all).size, all.length);
});

for (const which of ['public', 'admin', 'genesys'])
    test(`a world takes other ports when its ${which} one is gone`, { timeout: 60000 },
        async (t) => {
            let taken;
            const world = await World.start({
                bridges({ ports }) { // when the ports stand in the configuration
                    taken ??= net.createServer().listen(ports[which], '127.0.0.1');
                },
            });
            t.after(() => world.stop());
            t.after(() => taken.close());
            assert.notEqual(world.ports[which], taken.address().port);
            const { status } = await world.partner.message('ana', 'Hello');
            assert.equal(status, 202);
            await world.untilMessages(1);
        });
