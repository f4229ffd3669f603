// The published document is valid OpenAPI 3.1, by redocly's recommended rules.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import core from '@redocly/openapi-core';

const FILE = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));

const RULES = {
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    // Some paths are for channels to come.
    'operation-2xx-response': 'off',
    // Liveness has no client to blame.
    'operation-4xx-response': 'off',
    // The host is for the operator to say.
    'no-server-example.com': 'off',
};

async function problemsOf(document) {
    const config = await core.createConfig({ extends: ['recommended-strict'], rules: RULES });
    const found = await core.lintFromString({
        source: JSON.stringify(document, null, 2), absoluteRef: FILE, config });
    return found.map(({ ruleId, message, location }) =>
        `${ruleId}: ${location[0]?.pointer ?? ''} ${message}`);
}

const read = () => JSON.parse(readFileSync(FILE, 'utf8'));

test('the document keeps the rules', async () => {
    assert.deepEqual(await problemsOf(read()), []);
});

for (const [name, spoil, want] of [
    ['a reference that leads nowhere', (doc) => {
        doc.components.schemas.Accepted.properties.id.$ref = '#/components/schemas/Nothing';
    }, /no-unresolved-refs/],
    ['an operation without a name', (doc) => {
        delete doc.paths['/livez'].get.operationId;
    }, /operation-operationId/],
    ['a path argument that is not declared', (doc) => {
        delete doc.paths['/webhooks/genesys/{bridge}'].parameters;
    }, /path-parameters-defined/],
    ['a component nobody uses', (doc) => {
        doc.components.schemas.Orphan = { type: 'string' };
    }, /no-unused-components/],
    ['an example that does not fit', (doc) => {
        doc.components.parameters.Bridge.example = 7;
    }, /no-invalid-parameter-examples/],
    ['a member that OpenAPI does not have', (doc) => {
        doc.webhooks.ping.post.body = {};
    }, /struct/],
])
    test(`a document with ${name} does not`, async () => {
        const doc = read();
        spoil(doc);
        assert.match((await problemsOf(doc)).join('\n'), want);
    });
