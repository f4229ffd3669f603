// Twilio's own library as the other side: what it signs is heard, and only that; what the
// gateway asks is what the library would ask, and what Twilio's OpenAPI describes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import twilio from 'twilio';
import { request } from '../flow/support/partner.mjs';
import { until } from '../flow/support/process.mjs';
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio, sign, twilioError }
    from '../flow/support/twilio.mjs';
import { GENESYS_SECRET, World } from '../flow/support/world.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a7';
const SERVICE = '5a1d3a52-0000-4000-8000-0000000000a8';
const SERVICE_SID = 'MG00000000000000000000000000000001';
const OLD_TOKEN = 'interop-twilio-token-0000';
const SHARED_KEY = 'interop-twilio-shared-key';
const ANA = '+34600000001';
const FORM = 'application/x-www-form-urlencoded';

const bridge = (name, integration, api, more) => `
  - name: ${name}
    channel: twilio
    genesys: main
    integration_id: ${integration}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    twilio:
      account_sid: ${ACCOUNT_SID}
      auth_tokens: [ { value: "${AUTH_TOKEN}" }, { value: "${OLD_TOKEN}" } ]
      shared_keys: [ { value: "${SHARED_KEY}" } ]
      api_url: "${api.url}"
      ${more}
`;

async function open(t) {
    const api = await new Twilio().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        bridges: bridge('sms', INTEGRATION, api, `from: "${NUMBER}"`) +
            bridge('pool', SERVICE, api, `messaging_service_sid: ${SERVICE_SID}`),
        emulator: (w) => ['sms', 'pool'].flatMap((name, i) => ['--integration',
            [INTEGRATION, SERVICE][i], '--webhook-url', `${w.base}/webhooks/genesys/${name}`,
            '--webhook-secret', GENESYS_SECRET]),
    });
    world.secrets.push(AUTH_TOKEN, OLD_TOKEN, SHARED_KEY);
    api.target(world.base, 'sms');
    return { api, world };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const encode = (fields) => new URLSearchParams(Object.entries(fields).flatMap(
    ([name, value]) => [value].flat().map((one) => [name, one]))).toString();

function post(url, body, signature, headers) {
    return request(url, { method: 'POST', body,
        headers: { 'content-type': FORM, 'x-twilio-signature': signature, ...headers } });
}

// What is signed, and what is sent of it where that is something else.
const cases = (url) => [
    ['as it is', {}],
    ['the token before', { token: OLD_TOKEN }],
    ['no token of ours', { token: 'interop-another-token' }],
    ['all sorts of characters', { more: { Body: ' 👋 "ü" \'q\' 1+1=2 & 100% \n' } }],
    ['names and values repeated', { more: { Address: ['b', 'a', 'b', 'ab'] } }],
    ['names like numbers, and lower case', { more: { 10: 'x', 9: 'y', zeta: '1', Zeta: '2' } }],
    ['empty values', { more: { Body: '', Label: '' } }],
    ['a parameter of tomorrow', { more: { Zygote: 'new' } }],
    ['one that was not signed', { sent: { Zygote: 'new' } }],
    ['one that was changed', { more: { Body: 'a' }, sent: { Body: 'b' } }],
    ['a query', { url: `${url}?x=1&y=%20b` }],
    ['a query that was changed', { url: `${url}?x=1`, sentTo: `${url}?x=2` }],
    ['a quote in the query', { url: `${url}?Body=It's+amazing` }],
    ['a quote escaped on the way', { url: `${url}?Body=It's`, sentTo: `${url}?Body=It%27s` }],
    ['a quote signed escaped', { url: `${url}?Body=It%27s`, sentTo: `${url}?Body=It's` }],
    ['the query as it was written once', { url: `${url}?Body=It's%20so`,
        sentTo: `${url}?Body=It's+so` }],
    ['the port left out', { url: url.replace(/:\d+\//, '/'), sentTo: url }],
    ['the part for statuses', { url: `${url}/status` }],
    ['another part', { url: `${url}/status`, sentTo: url }],
];

test('the gateway hears a form exactly when the library says that it is valid', async (t) => {
    const { api, world } = await open(t);
    let heard = 0;
    for (const [name, change] of cases(api.webhook)) {
        const { url = api.webhook, sentTo = url, token = AUTH_TOKEN } = change;
        const signed = { ...api.message(ANA, name), ...change.more };
        const sent = { ...signed, ...change.sent };
        const signature = twilio.getExpectedTwilioSignature(token, url, signed);
        const isValid = [AUTH_TOKEN, OLD_TOKEN].some((one) =>
            twilio.validateRequest(one, signature, sentTo, sent));
        const answer = await post(sentTo, encode(sent), signature);
        assert.equal(answer.status, isValid ? 200 : 401, name);
        heard += isValid;
    }
    assert.equal((await world.untilMessages(heard)).length, heard);
    assert.ok(heard >= 10 && heard < cases('').length, `${heard} of them were valid`);
});

test('the same of a body that is JSON, signed by its hash', async (t) => {
    const { api, world } = await open(t);
    const body = JSON.stringify(api.message(ANA, 'Grüße 👋'));
    const hash = sha256(body);
    const url = `${api.webhook}?x=1&bodySHA256=${hash}`;
    const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, url, {});
    const other = body.replace('Gr', 'gr');
    for (const [sent, to] of [[body, url], [other, url],
        [other, url.replace(hash, sha256(other))], [body, api.webhook]]) {
        const isValid = twilio.validateRequestWithBody(AUTH_TOKEN, signature, to, sent);
        const answer = await post(to, sent, signature, { 'content-type': 'application/json' });
        assert.equal(answer.status, isValid ? 200 : 401, `${to} ${sent}`);
    }
    assert.equal((await world.untilMessages(1))[0].text, 'Grüße 👋');
});

test('a shared key signs instead of the token where the webhook says so', async (t) => {
    const { api, world } = await open(t);
    for (const algorithm of ['HMAC_SHA1', 'HMAC_SHA256']) {
        const settings = `key=webhooks_sharedkey_1,algorithm=${algorithm}`;
        assert.equal(twilio.getSignatureAlgorithm(settings), algorithm);
        for (const key of [SHARED_KEY, AUTH_TOKEN]) {
            const fields = api.message(ANA, algorithm);
            const signature =
                twilio.getExpectedTwilioSignature(key, api.webhook, fields, algorithm);
            const isValid = twilio.validateRequest(SHARED_KEY, signature, api.webhook, fields,
                algorithm);
            const answer = await post(api.webhook, encode(fields), signature,
                { 'x-twilio-webhooks-signature-settings': settings });
            assert.equal(answer.status, isValid ? 200 : 401, `${algorithm} by ${key}`);
        }
    }
    assert.equal((await world.untilMessages(2)).length, 2);
});

test('our own account signs as the library does, and is answered in its TwiML', async (t) => {
    const { api } = await open(t);
    const fields = api.message(ANA, 'héllo & bye');
    assert.equal(sign(api.webhook, fields),
        twilio.getExpectedTwilioSignature(AUTH_TOKEN, api.webhook, fields));
    const answer = await api.post(fields);
    const nothing = new twilio.twiml.MessagingResponse().toString();
    assert.equal(answer.body, nothing.slice(nothing.indexOf('<Response')));
});

// The library, with our account instead of Twilio's.
function clientOf(api, asked = []) {
    return twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient: { request: async (options) => {
        const { pathname } = new URL(options.uri);
        const form = new URLSearchParams(options.data);
        asked.push({ path: pathname, form: Object.fromEntries(form),
            user: options.username, secret: options.password });
        const answer = await request(api.url + pathname, { method: options.method,
            body: form.toString(), headers: { 'content-type': FORM, authorization: `Basic ${
                Buffer.from(`${options.username}:${options.password}`).toString('base64')}` } });
        return { statusCode: answer.status, body: answer.json, headers: answer.headers };
    } } });
}

test('the gateway asks what the library would ask', async (t) => {
    const { api, world } = await open(t);
    const body = 'Größe 42 + 1 & 👟';
    const asked = [];
    await world.agent(ANA, body, { integrationId: INTEGRATION });
    await until('the message', () => api.sent(ANA).length === 1);
    const message = await clientOf(api, asked).messages.create({ to: ANA, from: NUMBER, body,
        statusCallback: `${api.webhook}/status` });
    const [ours, theirs] = api.sent(ANA);
    assert.deepEqual(Twilio.fields(ours), asked[0].form);
    for (const part of ['method', 'path'])
        assert.equal(ours[part], theirs[part]);
    for (const header of ['authorization', 'content-type'])
        assert.equal(ours.headers[header], theirs.headers[header]);
    assert.equal(message.sid, theirs.answer.json.sid);
    api.next(() => true, twilioError(400, 21610));
    await assert.rejects(clientOf(api).messages.create({ to: ANA, from: NUMBER, body }),
        { status: 400, code: 21610 });
});

// --- Twilio's OpenAPI, as its own server for language models carries it

const specification = JSON.parse(readFileSync(createRequire(import.meta.url).resolve(
    '@twilio-alpha/mcp/twilio-oai/spec/json/twilio_api_v2010.json')));

function checkValue(name, value, schema) {
    assert.ok(schema, `${name} is not described`);
    if (value === null)
        return assert.ok(schema.nullable, `${name} is null`);
    if (schema.$ref)
        return checkValue(name, value, specification.components.schemas[
            schema.$ref.split('/').at(-1)]);
    assert.equal(typeof value, schema.type === 'integer' ? 'number' : schema.type, name);
    if (schema.pattern)
        assert.match(value, new RegExp(schema.pattern), name);
    if (schema.enum)
        assert.ok(schema.enum.includes(value), `${name}: ${value}`);
    if (schema.format === 'uri')
        assert.ok(URL.canParse(value), `${name}: ${value}`);
    return undefined;
}

test("requests and answers are what Twilio's OpenAPI describes", async (t) => {
    const { api, world } = await open(t);
    for (const integrationId of [INTEGRATION, SERVICE])
        await world.agent(ANA, 'Hello', { integrationId });
    await until('both', () => api.sent(ANA).length === 2);
    const template = '/2010-04-01/Accounts/{AccountSid}/Messages.json';
    const { post: operation } = specification.paths[template];
    const { schema } = operation.requestBody.content[FORM];
    const answers = operation.responses[201].content['application/json'].schema;
    for (const call of api.sent(ANA)) {
        assert.equal(call.path, template.replace('{AccountSid}', ACCOUNT_SID));
        assert.equal(call.headers['content-type'], FORM);
        checkValue('AccountSid', ACCOUNT_SID, operation.parameters[0].schema);
        const fields = Twilio.fields(call);
        for (const name of schema.required)
            assert.ok(name in fields, `${name} is missing`);
        for (const [name, value] of Object.entries(fields))
            checkValue(name, value, schema.properties[name]);
        const { properties } = specification.components.schemas[
            answers.$ref.split('/').at(-1)];
        for (const [name, value] of Object.entries(call.answer.json))
            checkValue(`answer.${name}`, value, properties[name]);
    }
    assert.deepEqual(api.sent(ANA).map((c) => Twilio.fields(c).MessagingServiceSid).sort(),
        [SERVICE_SID, undefined]);
});
