// A file of its own because it takes the 30 s that it is about.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { World, OMGW } from './support/world.mjs';
import { Child } from './support/process.mjs';

test('a second instance gives up after 30 s with exit code 75', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const file = path.join(world.dir, 'second.yaml');
    writeFileSync(file, readFileSync(world.configFile, 'utf8')
        .replace(/listen: .*/, 'listen: { public: "127.0.0.1:0", admin: "127.0.0.1:0" }'));
    const from = Date.now();
    const second = new Child(OMGW, ['serve', '--config', file]);
    const { code, text } = await second.said();
    assert.equal(code, 75);
    assert.ok(Date.now() - from > 29000, 'a restart that overlaps has time');
    assert.match(text, /lock/);
    assert.equal((await world.partner.message('ana', 'undisturbed')).status, 202);
});
