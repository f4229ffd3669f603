// kill -9 at random under load in both directions: nothing lost, order kept, nobody gets
// another's message, at most one repeat per lane and kill.
//
// OMGW_KILLS (default 20) rounds, OMGW_SEED replays a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInt } from 'node:crypto';
import { World } from './support/world.mjs';
import { crashLoop, crashWorld } from './support/crash.mjs';

const KILLS = Number(process.env.OMGW_KILLS ?? 20);
const SEED = Number(process.env.OMGW_SEED ?? randomInt(2 ** 31));

test(`kill -9, ${KILLS} rounds, seed ${SEED}`, { timeout: 900000 }, async (t) => {
    const world = await World.start(crashWorld);
    t.after(() => world.stop());
    const { accepted, violations } = await crashLoop(t, world, { kills: KILLS, seed: SEED });
    assert.deepEqual(violations.slice(0, 20), []);
    assert.ok(accepted > KILLS * 5, 'there was load');
    assert.equal(await world.stopGateway(), 0);
});
