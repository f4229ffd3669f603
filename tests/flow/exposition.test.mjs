// The reader of metrics pages says what is wrong with one: else no test could fail by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExposition, valuesOf } from './support/exposition.mjs';

const GOOD = `# HELP a_total Words
# TYPE a_total counter
a_total{b="c",d="e"} 1
a_total{b="c",d="f\\"g"} 2.5e+20
# HELP h_seconds Words
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 1
h_seconds_bucket{le="+Inf"} 3
h_seconds_sum 7.5
h_seconds_count 3
# HELP up Words
# TYPE up gauge
up -1
`;

test('a good page has no problem and its values', () => {
    const page = readExposition(GOOD);
    assert.deepEqual(page.problems, []);
    assert.deepEqual(valuesOf(page, 'a_total', { b: 'c' }), [1, 2.5e20]);
    assert.deepEqual(valuesOf(page, 'up'), [-1]);
});

for (const [name, from, to, want] of [
    ['no line end', /\n$/, '', /no end/],
    ['no HELP', '# HELP up Words\n', '', /up has no TYPE or no HELP/],
    ['no TYPE', '# TYPE up gauge\n', '', /up has no TYPE or no HELP/],
    ['TYPE twice', '# TYPE up gauge\n', '# TYPE up gauge\n# TYPE up gauge\n', /TYPE of up/],
    ['TYPE behind its samples', /(# TYPE up gauge\n)(up -1\n)/, '$2$1', /TYPE of up/],
    ['an unknown kind', 'gauge', 'meter', /TYPE of up/],
    ['a series twice', 'up -1', 'up -1\nup -1', /twice: up/],
    ['the same labels in another order', 'up -1',
        'up{a="1",b="2"} 1\nup{b="2",a="1"} 1', /twice: up/],
    ['a label twice', 'up -1', 'up{a="1",a="2"} 1', /no sample: up/],
    ['an unquoted label', 'up -1', 'up{a=1} 1', /no sample: up/],
    ['a bare backslash', 'up -1', 'up{a="\\x"} 1', /no sample: up/],
    ['no number', 'up -1', 'up one', /no sample: up/],
    ['nothing', 'up -1', '', /no sample: /],
    ['a family in two places', 'up -1', 'up -1\na_total{x="y"} 1', /two places/],
    ['a counter without _total', /a_total/g, 'a_count_of', /a_count_of is a counter/],
    ['a gauge with _total', /\bup\b/g, 'up_total', /up_total is a gauge/],
    ['a counter below zero', '} 1\n', '} -1\n', /a_total is below zero/],
    ['a bucket that falls', 'le="1"} 1', 'le="1"} 4', /do not rise/],
    ['bounds that fall', 'le="1"', 'le="1"} 0\nh_seconds_bucket{le="0.5"', /do not rise/],
    ['no +Inf', 'h_seconds_bucket{le="+Inf"} 3\n', '', /\+Inf is not the count/],
    ['another count', 'h_seconds_count 3', 'h_seconds_count 4', /\+Inf is not the count/],
    ['a sum below zero', 'h_seconds_sum 7.5', 'h_seconds_sum -7.5', /the sum is -7.5/],
])
    test(`a page with ${name} has a problem`, () => {
        const bad = GOOD.replace(from, to);
        assert.notEqual(bad, GOOD);
        assert.match(readExposition(bad).problems.join('\n'), want);
    });
