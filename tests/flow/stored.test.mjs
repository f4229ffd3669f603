// With many messages stored: kill -9 under load, and ready again in less than a second (P8),
// with the same promises as in crash.test.mjs.
//
// OMGW_STORED (default 20,000) messages, made by scripts/stored; OMGW_STORED_KILLS (default 5)
// rounds, OMGW_SEED replays a run. The gateway is of OMGW_BUILD_PLAIN: a time is a promise of
// what is shipped, not of sanitizers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { copyFileSync, constants, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PLAIN } from './support/clock.mjs';
import { World } from './support/world.mjs';
import { crashLoop, crashWorld } from './support/crash.mjs';

const STORED = Number(process.env.OMGW_STORED ?? 20000);
const KILLS = Number(process.env.OMGW_STORED_KILLS ?? 5);
const SEED = Number(process.env.OMGW_SEED ?? randomInt(2 ** 31));
const READY_MS = 1000;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

// A copy of the database on a disk, since start-up is also reading.
async function storedDatabase(t) {
    const { stdout } = await promisify(execFile)(path.join(root, 'scripts/stored'), [STORED],
        { env: { ...process.env, OMGW_RELEASE: path.dirname(PLAIN) } });
    const dir = mkdtempSync(path.join('/var/tmp', 'omgw-stored-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const copy = path.join(dir, 'omgw.db');
    copyFileSync(stdout.trim(), copy, constants.COPYFILE_FICLONE);
    return copy;
}

test(`${STORED} messages stored, ${KILLS} times kill -9, seed ${SEED}`, { timeout: 1800000 },
    async (t) => {
        const world = await World.start({ ...crashWorld, program: PLAIN,
            database: await storedDatabase(t) });
        t.after(() => world.stop());
        const { accepted, violations, readyMs } =
            await crashLoop(t, world, { kills: KILLS, seed: SEED });
        assert.deepEqual(violations.slice(0, 20), []);
        assert.ok(accepted > KILLS * 5, 'there was load');
        const { messages } = await world.stored();
        assert.ok(messages >= STORED + accepted, 'they were there');
        assert.ok(readyMs.at(-1) < READY_MS, `ready after ${readyMs.join(', ')} ms`);
        assert.equal(await world.stopGateway(), 0);
    });
