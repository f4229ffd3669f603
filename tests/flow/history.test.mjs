// The checker must catch what it is for: one bad history per rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { violations } from './support/history.mjs';

const one = { lane: 'ana>inbound', seq: 0 };
const two = { lane: 'ana>inbound', seq: 1 };
const arrival = (message, more = {}) => ({ ...message, key: `k${message.seq}`,
    contact: 'ana', ...more });

const cases = [
    ['a good history', { arrived: [arrival(one), arrival(two)] }, null],
    ['loss', { arrived: [arrival(one)] }, /^loss: ana>inbound 1/],
    ['phantom', { arrived: [arrival(one), arrival(two), arrival({ ...two, seq: 7 })] }, /^phantom/],
    ['cross-talk', { arrived: [arrival(one), arrival(two, { contact: 'bob' })] }, /^cross-talk/],
    ['order', { arrived: [arrival(two), arrival(one)] }, /^order/],
    ['a repeat without cause', { arrived: [arrival(one), arrival(one), arrival(two)] }, /^repeats/],
    ['a repeat after a kill', { kills: 1, arrived: [arrival(one), arrival(one), arrival(two)] }, null],
    ['two repeats after one kill', { kills: 1,
        arrived: [arrival(one), arrival(one), arrival(two), arrival(two)] }, /^repeats/],
    ['a repeat whose answer was lost', { lost: 1, arrived: [arrival(one), arrival(one), arrival(two)] }, null],
    ['a repeat under another key', { kills: 1,
        arrived: [arrival(one), arrival(one, { key: 'x' }), arrival(two)] }, /^key/],
    ['a late copy', { kills: 1, arrived: [arrival(one), arrival(two), arrival(one)] }, /^order: a copy/],
];

for (const [name, history, want] of cases)
    test(`checker: ${name}`, () => {
        const found = violations({ accepted: [one, two], sent: [one, two], ...history });
        if (want === null)
            assert.deepEqual(found, []);
        else
            assert.ok(found.some((line) => want.test(line)), `found ${JSON.stringify(found)}`);
    });
