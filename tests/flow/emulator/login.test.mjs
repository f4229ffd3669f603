// OAuth, bearer tokens and the request budget.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../support/partner.mjs';
import { CLIENT, CLIENT_SECRET, Emulated, OPEN, message } from './support/emulated.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a token is given for a Basic header and for form fields, each time a new one', async (t) => {
    const emulated = await Emulated.start(t, { args: ['--token-lifetime', '300'] });
    const basic = await emulated.askToken({ id: CLIENT, secret: CLIENT_SECRET });
    assert.equal(basic.status, 200);
    assert.equal(basic.json.token_type, 'bearer');
    assert.equal(basic.json.expires_in, 300);

    const form = await emulated.askToken({
        body: new URLSearchParams({
            grant_type: 'client_credentials', client_id: CLIENT, client_secret: CLIENT_SECRET,
        }).toString(),
    });
    assert.equal(form.status, 200);
    assert.notEqual(form.json.access_token, basic.json.access_token);
    assert.deepEqual(await emulated.control('tokens'), { count: 2 });
    for (const { json } of [basic, form]) {
        emulated.token = json.access_token;
        assert.equal((await emulated.call('GET', OPEN)).status, 200);
    }
});

test('a bad token request is refused in the shape of the login host', async (t) => {
    const emulated = await Emulated.start(t);
    const cases = [
        ['unknown client', { id: 'somebody', secret: CLIENT_SECRET }, 400, 'invalid_client'],
        ['wrong secret', { id: CLIENT, secret: 'x' }, 401, 'invalid_client'],
        ['secret of another length', { id: CLIENT, secret: CLIENT_SECRET + 'x' }, 401,
            'invalid_client'],
        ['no grant', { id: CLIENT, secret: CLIENT_SECRET, body: '' }, 400, 'invalid_request'],
        ['another grant', { id: CLIENT, secret: CLIENT_SECRET, body: 'grant_type=password' },
            400, 'unsupported_grant_type'],
        ['not Basic', { headers: { authorization: 'Digest abc' } }, 401, 'invalid_client'],
        ['not base64', { headers: { authorization: 'Basic %%%' } }, 401, 'invalid_client'],
        ['a bad escape', { body: 'grant_type=client_credentials&client_id=%zz' }, 400,
            'invalid_client'],
        ['nobody', {}, 400, 'invalid_client'],
    ];
    for (const [name, what, status, error] of cases) {
        const answer = await emulated.askToken(what);
        assert.equal(answer.status, status, name);
        assert.equal(answer.json.error, error, name);
        assert.ok(answer.json.description.length > 0, name);
    }
    assert.deepEqual(await emulated.control('tokens'), { count: 0 });
});

test('an API call without a good token is a 401 of the API shape', async (t) => {
    const emulated = await Emulated.start(t);
    const cases = [
        ['none', {}, 'authentication.required'],
        ['another scheme', { authorization: 'Basic eDp5' }, 'authentication.required'],
        ['unknown', { authorization: 'Bearer abc' }, 'bad.credentials'],
    ];
    for (const [name, headers, code] of cases) {
        const answer = await request(emulated.url + OPEN, { headers });
        assert.equal(answer.status, 401, name);
        assert.equal(answer.json.code, code, name);
        assert.equal(answer.json.status, 401, name);
        assert.match(answer.json.contextId, UUID, name);
        assert.equal(answer.headers['inin-correlation-id'], answer.json.contextId, name);
        assert.deepEqual(answer.json.details, [], name);
        assert.deepEqual(answer.json.errors, [], name);
    }
});

test('a token expires on the emulator\'s clock, to the second', async (t) => {
    const emulated = await Emulated.start(t, { args: ['--token-lifetime', '600'] });
    await emulated.login();
    await emulated.control('clock', { advance_ms: 590000 });
    assert.equal((await emulated.call('GET', OPEN)).status, 200);
    await emulated.control('clock', { advance_ms: 10000 });
    const answer = await emulated.call('GET', OPEN);
    assert.equal(answer.status, 401);
    assert.equal(answer.json.code, 'credentials.expired');
    await emulated.login();
    assert.equal((await emulated.call('GET', OPEN)).status, 200);
});

test('a client has its budget, over all its tokens; another client has its own', async (t) => {
    const emulated = await Emulated.start(t, {
        args: ['--requests-per-minute', '3', '--client-id', 'other', '--client-secret', 'o'],
    });
    for (const count of ['1', '2', '3']) {
        await emulated.login();
        const answer = await emulated.inbound('message', message());
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['inin-ratelimit-count'], count);
        assert.equal(answer.headers['inin-ratelimit-allowed'], '3');
        assert.ok(Number(answer.headers['inin-ratelimit-reset']) > 55);
    }
    const refused = await emulated.inbound('message', message());
    const wait = Number(refused.headers['retry-after']);
    assert.equal(refused.status, 429);
    assert.ok(wait > 50 && wait <= 60, `Retry-After ${wait}`);
    assert.equal(refused.json.code, 'too.many.requests.retry.after');
    assert.equal(refused.json.message,
        `Rate limit exceeded the maximum. Retry the request in [${wait}] seconds`);
    assert.equal((await emulated.control('messages')).length, 3);

    emulated.token = (await emulated.askToken({ id: 'other', secret: 'o' })).json.access_token;
    assert.equal((await emulated.inbound('message', message())).status, 200);
});

test('without a limit there are no budget headers', async (t) => {
    const emulated = await Emulated.start(t, { args: ['--requests-per-minute', '0'] });
    const answer = await emulated.inbound('message', message());
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['inin-ratelimit-count'], undefined);
});
