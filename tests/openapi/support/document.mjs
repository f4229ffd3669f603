// The published document, its schemas as validators, and JSON Schema files made of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const document = JSON.parse(readFileSync(path.join(ROOT, 'docs/openapi.json'), 'utf8'));

const { schemas } = document.components;

// What a $ref within the document stands for.
export function resolve(node) {
    while (node?.$ref)
        node = node.$ref.slice(2).split('/').reduce((at, key) =>
            at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    return node;
}

// A copy with every value changed; `change` sees objects from the inside out.
function mapped(node, change) {
    if (Array.isArray(node))
        return node.map((item) => mapped(item, change));
    if (typeof node !== 'object' || node === null)
        return node;
    return change(Object.fromEntries(
        Object.entries(node).map(([key, value]) => [key, mapped(value, change)])));
}

// A member that is null counts as missing.
export const withoutNulls = (value) => mapped(value, (node) =>
    Object.fromEntries(Object.entries(node).filter(([, member]) => member !== null)));

const nameOf = (ref) => ref.split('/').at(-1);

function validators(components) {
    const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false,
        strictRequired: false, validateSchema: true });
    addFormats(ajv);
    ajv.addVocabulary(['example', 'discriminator']);
    const toDoc = (node) => mapped(node, (inner) => inner.$ref === undefined ? inner :
        { ...inner, $ref: `doc#/$defs/${nameOf(inner.$ref)}` });
    ajv.addSchema({ $id: 'doc', $defs: toDoc(components) });
    const known = new Map();
    return (schema, value) => {
        const key = JSON.stringify(schema);
        if (!known.has(key))
            known.set(key, ajv.compile(toDoc(schema)));
        const validate = known.get(key);
        return validate(value) ? [] :
            validate.errors.map(({ instancePath, message, params }) =>
                `${instancePath} ${message} ${JSON.stringify(params)}`);
    };
}

// What is wrong with the value, as texts; none: it fits the schema.
export const faults = validators(schemas);

// The same, and members that the document does not name are wrong too: what we say ourselves
// must stand there.
export const faultsStrictly = validators(mapped(schemas, (node) =>
    node.type === 'object' && node.properties && node.additionalProperties === undefined &&
    !node.anyOf ? { ...node, additionalProperties: false } : node));

// --- files for partners ------------------------------------------------------------------

const NAMES = { ...resolve(schemas.PartnerEvent).discriminator.mapping, ...Object.fromEntries(
    Object.entries(document.webhooks).map(([type, { post }]) =>
        [type, post.requestBody.content['application/json'].schema.$ref])) };

// The schemas that this one needs, itself not among them.
function needs(name, found = new Set()) {
    mapped(schemas[name], (node) => {
        if (node.$ref && !found.has(nameOf(node.$ref))) {
            found.add(nameOf(node.$ref));
            needs(nameOf(node.$ref), found);
        }
        return node;
    });
    return found;
}

const toDefs = (node) => mapped(node, (inner) => inner.$ref === undefined ? inner :
    { ...inner, $ref: `#/$defs/${nameOf(inner.$ref)}` });

// {file name: text} of docs/schemas: one self-contained schema for each type of event.
export function schemaFiles() {
    return Object.fromEntries(Object.entries(NAMES).map(([type, ref]) => {
        const name = nameOf(ref);
        const defs = Object.fromEntries([...needs(name)].sort().map((needed) =>
            [needed, toDefs(schemas[needed])]));
        return [`${type}.schema.json`, `${JSON.stringify({
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            title: type, ...toDefs(schemas[name]), $defs: defs,
        }, null, 2)}\n`];
    }));
}

// --- operations --------------------------------------------------------------------------

// [{method, path, operation}] of all paths.
export const operations = Object.entries(document.paths).flatMap(([at, item]) =>
    ['get', 'post', 'put', 'delete', 'patch'].filter((method) => item[method]).map((method) =>
        ({ method: method.toUpperCase(), path: at, operation: item[method] })));

// The operation that a request is for.
export function operationOf(method, target) {
    const words = target.split('?')[0].split('/');
    return operations.find((one) => one.method === method &&
        one.path.split('/').length === words.length &&
        one.path.split('/').every((word, i) => word.startsWith('{') || word === words[i]));
}

// What is wrong with an answer {status, headers, body, json} of that operation.
export function answerFaults({ operation }, answer) {
    const response = resolve(operation.responses[answer.status]);
    if (response === undefined)
        return [`${operation.operationId} does not answer ${answer.status}`];
    const found = [];
    for (const [name, ref] of Object.entries(response.headers ?? {})) {
        const header = resolve(ref);
        const value = answer.headers[name.toLowerCase()];
        if (value === undefined && header.required)
            found.push(`${name} is missing`);
        if (value !== undefined)
            found.push(...faults(header.schema, header.schema.type === 'integer' ?
                Number(value) : value).map((fault) => `${name}: ${fault}`));
    }
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    const content = response.content?.[type] ?? response.content?.['*/*'];
    if (response.content && !content)
        return [...found, `the content type is ${type}`];
    if (content)
        found.push(...faultsStrictly(content.schema,
            /[/+]json$/.test(type) ? answer.json : answer.body));
    return found;
}

// What is wrong with a request {headers, json} for an operation with parameters in headers.
export function requestFaults(operation, { headers, json }, judge = faultsStrictly) {
    const found = [];
    for (const parameter of operation.parameters.map(resolve)) {
        const value = headers[parameter.name.toLowerCase()];
        if (value === undefined && parameter.required)
            found.push(`${parameter.name} is missing`);
        if (value !== undefined)
            found.push(...faults(parameter.schema, value));
    }
    const type = headers['content-type'];
    const content = resolve(operation.requestBody).content[type];
    if (!content)
        return [...found, `the content type is ${type}`];
    return [...found, ...judge(content.schema, json)];
}

assert.equal(document.openapi, '3.1.0');
