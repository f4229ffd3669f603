// The published document against the code, the fixtures and the files made of it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, document, faults, faultsStrictly, resolve, schemaFiles,
    withoutNulls }
    from './support/document.mjs';

const read = (...names) => readFileSync(path.join(ROOT, ...names), 'utf8');
const fixtures = (folder) => readdirSync(path.join(ROOT, 'tests/fixtures/partner', folder))
    .map((name) => [name, JSON.parse(read('tests/fixtures/partner', folder, name))]);
const EVENT = { $ref: '#/components/schemas/PartnerEvent' };

test('the version is the program\'s', () => {
    assert.match(read('CMakeLists.txt'), new RegExp(`VERSION ${document.info.version} `));
});

test('the problems are those of the code', () => {
    const rows = [...read('src/server/respond.c').matchAll(
        /PROBLEM\((\d+),\s*[A-Z]+,\s*"([a-z-]+)"/g)].map(([, status, name]) => [status, name]);
    assert.deepEqual([...document.components.schemas.Problem.properties.type.enum].sort(),
        rows.map(([, name]) => `urn:omgw:problem:${name}`).sort());
    const status = new Map(rows.map(([code, name]) => [name, Number(code)]));
    for (const response of Object.values(document.components.responses)) {
        const problem = response.content?.['application/problem+json'].schema.allOf[1].properties;
        if (problem)
            assert.equal(problem.status.const,
                status.get(problem.type.const.split(':').at(-1)), response.description);
    }
});

test('the reasons are those of the code', () => {
    const names = [...read('src/model/delivery.c').matchAll(/\[REASON_[A-Z_]+\] = "(\w+)"/g)]
        .map(([, name]) => name);
    assert.deepEqual(document.components.schemas.ReasonCode.enum, names);
});

test('every example fits its schema', () => {
    for (const [name, schema] of Object.entries(document.components.schemas))
        for (const example of schema.examples ?? [])
            assert.deepEqual(faults({ $ref: `#/components/schemas/${name}` }, example), [], name);
});

test('every event that is taken fits, and every type is among them', () => {
    const types = new Set();
    for (const [name, { body }] of fixtures('inbound')) {
        assert.deepEqual(faults(EVENT, withoutNulls(body)), [], name);
        types.add(body.type);
    }
    assert.deepEqual([...types].sort(),
        Object.keys(document.components.schemas.PartnerEvent.discriminator.mapping).sort());
});

// What JSON Schema cannot see: the bytes, not the value that a parser makes of them.
const BEYOND = ['a key twice', 'a lone surrogate in an id'];

test('every event that is refused does not fit', () => {
    const [[, cases]] = fixtures('refused');
    const unseen = [];
    for (const { name, body } of cases) {
        let value = body;
        if (typeof body === 'string') {
            try {
                value = JSON.parse(body);
            } catch {
                continue; // no JSON at all
            }
        }
        if (faults(EVENT, withoutNulls(value)).length === 0)
            unseen.push(name);
    }
    assert.deepEqual(unseen, BEYOND);
});

test('every request to a partner fits, and names no member that is not published', () => {
    const types = new Set();
    for (const [name, { exchange }] of fixtures('outbound')) {
        if (!exchange)
            continue;
        const { type } = exchange.body;
        const { post } = document.webhooks[type];
        assert.deepEqual(faultsStrictly(
            resolve(post.requestBody).content['application/json'].schema, exchange.body), [], name);
        types.add(type);
    }
    assert.deepEqual([...types].sort(),
        Object.keys(document.webhooks).filter((type) => type !== 'ping').sort());
});

test('what the partner answers means what the code makes of it', () => {
    // Rows of the table of replies: [first, last, what it leads to].
    const meaning = [/taken/i, /refused/i, /pauses/i, /again|wait for/i];
    const source = read('src/channels/partner_sender.c');
    const pauses = [...source.matchAll(/RULE_BREAKS\((\d+), (\d+),/g)].map(([, a]) => Number(a));
    const { responses } = document.webhooks['agent.message'].post;
    for (const [code, { description }] of Object.entries(responses)) {
        assert.ok(meaning.some((pattern) => pattern.test(description)), code);
        const status = Number(code.replaceAll('X', '0'));
        assert.equal(/pauses/i.test(description), pauses.includes(status), code);
    }
    for (const hook of Object.values(document.webhooks))
        assert.deepEqual(hook.post.responses, responses);
});

test('the files of JSON Schema are those of the document', () => {
    const wanted = schemaFiles();
    const folder = path.join(ROOT, 'docs/schemas');
    assert.deepEqual(readdirSync(folder).sort(), Object.keys(wanted).sort());
    for (const [name, text] of Object.entries(wanted))
        assert.equal(read('docs/schemas', name), text,
            `${name}: run node tests/openapi/write-schemas.mjs`);
});

test('the document is ASCII, whatever font an operator has', () => {
    assert.doesNotMatch(read('docs/openapi.json'), /[^\n\x20-\x7e]/);
});
