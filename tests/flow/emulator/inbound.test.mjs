// The four inbound calls: what is taken, what is answered, what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, INTEGRATION, TIME, message } from './support/emulated.mjs';

const FROM = { id: 'ana', idType: 'Opaque' };
const ATTACHMENT = { mediaType: 'Image', url: 'https://media.example.net/a.jpg', mime: 'image/jpeg' };

const free = { args: ['--requests-per-minute', '0'] };

function expectError(name, answer, status, code) {
    assert.equal(answer.status, status, `${name}: ${answer.body}`);
    assert.equal(answer.json.code, code, name);
    assert.equal(answer.json.status, status, name);
}

test('a message is answered in normalised form and listed as received', async (t) => {
    const emulated = await Emulated.start(t, free);
    const sent = message({
        text: 'Grüße "quoted" \u2028 👋\n',
        channel: { metadata: { customAttributes: { locale: 'de-DE' } } },
        metadata: { a: 'b' }, content: [{ contentType: 'Attachment', attachment: ATTACHMENT }],
        unknown: { deep: [1.5, true, null, 12345678901234567890n.toString()] },
    });
    const { status, json } = await emulated.inbound('message', sent);
    assert.equal(status, 200);
    assert.match(json.id, /^[0-9a-f]{32}$/);
    assert.deepEqual(json, {
        id: json.id,
        channel: {
            id: INTEGRATION, platform: 'Open', type: 'Private', messageId: 'm-1',
            to: { id: INTEGRATION, idType: 'Opaque' }, from: FROM, time: TIME,
            metadata: { customAttributes: { locale: 'de-DE' } },
        },
        type: 'Text',
        text: sent.text,
        content: [{ contentType: 'Attachment', attachment: ATTACHMENT }],
        metadata: { a: 'b' },
    });

    const [row] = await emulated.control('messages');
    const { conversationId, receivedAt, genesysId, integrationId, row: number, ...rest } = row;
    delete rest.content[0].attachment.fetched; // there once it is known
    assert.deepEqual(rest, sent);
    assert.equal(number, 1);
    assert.equal(genesysId, json.id);
    assert.equal(integrationId, INTEGRATION);
    assert.match(conversationId, /^[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Date.parse(receivedAt) - Date.now()) < 60000);
});

test('the conversation id is only told when it is asked for', async (t) => {
    const emulated = await Emulated.start(t, free);
    const cases = [['', false], ['?prefetchConversationId=false', false],
        ['?prefetchConversationId=true', true]];
    for (const [query, told] of cases) {
        const answer = await emulated.inbound('message', message(), { query });
        assert.equal('conversationId' in answer.json, told, query);
    }
    expectError('neither', await emulated.inbound('message', message(),
        { query: '?prefetchConversationId=yes' }), 400, 'invalid.value');
});

test('a repeat is a second row: nothing is recognised', async (t) => {
    const emulated = await Emulated.start(t, free);
    const first = await emulated.inbound('message', message());
    const second = await emulated.inbound('message', message());
    assert.notEqual(first.json.id, second.json.id);
    const rows = await emulated.control('messages');
    assert.deepEqual(rows.map((row) => row.channel.messageId), ['m-1', 'm-1']);
});

test('a received member with a name of the lists gives way to theirs', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.inbound('message', message({ receivedAt: 'mine', row: 77, 'a"b\\': 1 }));
    const [row] = await emulated.control('messages');
    assert.equal(row.row, 1);
    assert.notEqual(row.receivedAt, 'mine');
    assert.equal(row['a"b\\'], 1);
    assert.equal(row.text, 'Hello');
});

test('messages that the API would take are taken', async (t) => {
    const emulated = await Emulated.start(t, free);
    const cases = {
        'idType in any case': message({ channel: { from: { id: 'ana', idType: 'email' } } }),
        'no messageId': message({ channel: { messageId: undefined } }),
        'null where nothing must be': message({ channel: { metadata: null }, content: null }),
        'seconds only': message({ channel: { time: '2026-02-03T09:15:40Z' } }),
        'seven decimals': message({ channel: { time: '2026-02-03T09:15:40.1234567Z' } }),
        'content without text': message({ text: null, content: [{ attachment: ATTACHMENT }] }),
        'empty content beside text': message({ content: [] }),
        'a long text': message({ text: 'x'.repeat(20000) }),
        'what older gateways send': message({
            type: 'Text', direction: 'Inbound', channel: { platform: 'Open', type: 'Private' },
        }),
    };
    for (const [name, body] of Object.entries(cases)) {
        const answer = await emulated.inbound('message', body);
        assert.equal(answer.status, 200, `${name}: ${answer.body}`);
    }
    assert.equal((await emulated.control('messages')).length, Object.keys(cases).length);
});

test('messages that the API would refuse are refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    const channel = (more) => message({ channel: more });
    const content = (more) => message({ content: [{ attachment: { ...ATTACHMENT, ...more } }] });
    const cases = [
        ['no channel', { text: 'x' }, 'bad.request', 'channel'],
        ['channel is no object', { channel: 'x', text: 'x' }, 'bad.request', 'channel'],
        ['no from', channel({ from: undefined }), 'bad.request', 'channel.from'],
        ['null from', channel({ from: null }), 'bad.request', 'channel.from'],
        ['no from.id', channel({ from: { idType: 'Opaque' } }), 'bad.request', 'channel.from.id'],
        ['empty from.id', channel({ from: { id: '', idType: 'Opaque' } }), 'bad.request',
            'channel.from.id'],
        ['NUL in from.id', channel({ from: { id: 'a\u0000b', idType: 'Opaque' } }),
            'bad.request', 'channel.from.id'],
        ['number as from.id', channel({ from: { id: 7, idType: 'Opaque' } }), 'bad.request',
            'channel.from.id'],
        ['no idType', channel({ from: { id: 'ana' } }), 'bad.request', 'channel.from.idType'],
        ['unknown idType', channel({ from: { id: 'ana', idType: 'Fax' } }), 'invalid.value',
            'channel.from.idType'],
        ['no time', channel({ time: undefined }), 'bad.request', 'channel.time'],
        ['time without zone', channel({ time: '2026-02-03T09:15:40' }), 'invalid.date',
            'channel.time'],
        ['time with offset', channel({ time: '2026-02-03T09:15:40+01:00' }), 'invalid.date',
            'channel.time'],
        ['no such day', channel({ time: '2026-02-30T09:15:40Z' }), 'invalid.date',
            'channel.time'],
        ['time as a number', channel({ time: 1770110140 }), 'bad.request', 'channel.time'],
        ['messageId is no text', channel({ messageId: 5 }), 'bad.request', 'channel.messageId'],
        ['nested attributes', channel({ metadata: { customAttributes: { a: {} } } }),
            'bad.request', 'channel.metadata.customAttributes'],
        ['nested metadata', message({ metadata: { a: { b: 'c' } } }), 'bad.request', 'metadata'],
        ['text is no text', message({ text: ['x'] }), 'bad.request', 'text'],
        ['neither text nor content', message({ text: null }), 'bad.request'],
        ['empty text', message({ text: '' }), 'bad.request'],
        ['empty content alone', message({ text: null, content: [] }), 'bad.request'],
        ['content is no list', message({ content: {} }), 'bad.request', 'content'],
        ['two attachments', message({
            content: [{ attachment: ATTACHMENT }, { attachment: ATTACHMENT }],
        }), 'bad.request'],
        ['content without attachment', message({ content: [{}] }), 'bad.request'],
        ['no mediaType', content({ mediaType: undefined }), 'bad.request',
            'content[0].attachment.mediaType'],
        ['unknown mediaType', content({ mediaType: 'Gif' }), 'invalid.value',
            'content[0].attachment.mediaType'],
        ['no url', content({ url: undefined }), 'bad.request', 'content[0].attachment.url'],
        ['no mime', content({ mime: undefined }), 'bad.request', 'content[0].attachment.mime'],
        ['attributes beyond 2 KB', channel({
            metadata: { customAttributes: { a: 'x'.repeat(2050) } },
        }), 'bad.request'],
        ['a button answer on the message call', {
            channel: message().channel,
            buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
        }, 'bad.request'],
        ['a list', [], 'bad.request'],
    ];
    for (const [name, body, code, field] of cases) {
        const answer = await emulated.inbound('message', body);
        expectError(name, answer, 400, code);
        if (field)
            assert.equal(answer.json.details[0].fieldName, field, name);
    }
    assert.deepEqual(await emulated.control('messages'), []);
    assert.deepEqual(await emulated.control('conversations'), []);
});

test('what is no JSON, no JSON type, too large or for nobody is refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    const raw = (text) => emulated.inbound('message', undefined, { raw: text });
    expectError('not JSON', await raw('{"text":'), 400, 'bad.request');
    expectError('twice a key', await raw('{"text":"a","text":"b"}'), 400, 'bad.request');
    expectError('too deep', await raw('['.repeat(100) + ']'.repeat(100)), 400, 'bad.request');
    expectError('another type', await emulated.inbound('message', message(),
        { headers: { 'content-type': 'text/plain' } }), 415, 'unsupported.media.type');
    expectError('unknown integration', await emulated.inbound('message', message(),
        { integration: 'nobody' }), 404, 'not.found');

    const body = JSON.stringify(message({ text: 'x' }));
    const padded = (size) => body.replace('"x"', `"${'x'.repeat(size - body.length + 1)}"`);
    assert.equal((await raw(padded(512000))).status, 200);
    expectError('one byte too many', await raw(padded(512001)), 413,
        'request.entity.too.large');
    assert.equal((await emulated.control('messages')).length, 1);
});

test('a receipt marks the message; an unknown one is answered as Failed', async (t) => {
    const emulated = await Emulated.start(t, free);
    const { id } = await emulated.agent('ana', { text: 'Hi' });
    const receipt = (more) => ({
        id, channel: { to: FROM, time: TIME }, status: 'Delivered', isFinalReceipt: true, ...more,
    });
    const answer = await emulated.inbound('receipt', receipt());
    assert.equal(answer.status, 200);
    assert.equal(answer.json.status, 'Delivered');
    assert.equal(answer.json.type, 'Receipt');
    assert.equal(answer.json.direction, 'Outbound');
    assert.equal(answer.json.channel.to.id, 'ana');
    await emulated.untilState(id, 'delivery-success');

    const reasons = [{ code: 'RecipientOptedOut', message: 'user blocked the bot' }];
    const failed = await emulated.inbound('receipt', receipt({ status: 'Failed', reasons }));
    assert.deepEqual(failed.json.reasons, reasons);
    await emulated.untilState(id, 'delivery-failed');

    const unknown = await emulated.inbound('receipt', receipt({ id: 'f'.repeat(32) }));
    assert.equal(unknown.status, 200);
    assert.equal(unknown.json.status, 'Failed');
    assert.equal(unknown.json.reasons[0].code, 'UnknownMessage');
    const inbound = await emulated.say('ana', 'x');
    const wrongWay = await emulated.inbound('receipt', receipt({ id: inbound.id }));
    assert.equal(wrongWay.json.status, 'Failed');

    const rows = await emulated.control('receipts');
    assert.deepEqual(rows.map((row) => [row.row, row.id, row.status]), [
        [1, id, 'Delivered'], [2, id, 'Failed'], [3, 'f'.repeat(32), 'Delivered'],
        [4, inbound.id, 'Delivered'],
    ]);
    assert.ok(rows[0].receivedAt && rows[0].conversationId);
});

test('receipts that the API would refuse are refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    const receipt = (more) => ({
        id: 'x', channel: { to: FROM, time: TIME }, status: 'Delivered', ...more,
    });
    const cases = [
        ['no id', receipt({ id: undefined }), 'bad.request'],
        ['no channel', receipt({ channel: undefined }), 'bad.request'],
        ['no to', receipt({ channel: { time: TIME } }), 'bad.request'],
        ['no to.id', receipt({ channel: { to: {}, time: TIME } }), 'bad.request'],
        ['no time', receipt({ channel: { to: FROM } }), 'bad.request'],
        ['no status', receipt({ status: undefined }), 'bad.request'],
        ['Read is not of this call', receipt({ status: 'Read' }), 'invalid.value'],
        ['status in another case', receipt({ status: 'delivered' }), 'invalid.value'],
        ['isFinalReceipt is no boolean', receipt({ isFinalReceipt: 'true' }), 'bad.request'],
        ['a reason without message', receipt({
            status: 'Failed', reasons: [{ code: 'GeneralError' }],
        }), 'bad.request'],
        ['unknown reason code', receipt({
            status: 'Failed', reasons: [{ code: 'Because', message: 'x' }],
        }), 'invalid.value'],
    ];
    for (const [name, body, code] of cases)
        expectError(name, await emulated.inbound('receipt', body), 400, code);
    assert.deepEqual(await emulated.control('receipts'), []);
});

test('typing is listed, answered, and starts no conversation', async (t) => {
    const emulated = await Emulated.start(t, free);
    const event = (more) => ({
        channel: { from: FROM, time: TIME }, events: [{ eventType: 'Typing' }], ...more,
    });
    const answer = await emulated.inbound('event', event());
    assert.equal(answer.status, 200);
    assert.equal(answer.json.type, 'Event');
    assert.deepEqual(answer.json.events, [{ eventType: 'Typing' }]);
    assert.deepEqual(await emulated.control('conversations'), []);

    await emulated.say('ana', 'Hello');
    await emulated.inbound('event', event());
    const [conversation] = await emulated.control('conversations');
    assert.ok(conversation.typingAt);
    assert.equal(conversation.messages, 1);

    const cases = [
        ['no events', event({ events: undefined }), 'bad.request'],
        ['empty events', event({ events: [] }), 'bad.request'],
        ['unknown event', event({ events: [{ eventType: 'Presence' }] }), 'invalid.value'],
        ['no time', event({ channel: { from: FROM } }), 'bad.request'],
    ];
    for (const [name, body, code] of cases)
        expectError(name, await emulated.inbound('event', body), 400, code);
    const rows = await emulated.control('events');
    assert.deepEqual(rows.map((row) => row.channel.from.id), ['ana', 'ana']);
});

test('a button answer belongs to a structured message of a living conversation', async (t) => {
    const emulated = await Emulated.start(t, free);
    const quickReply = { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y' } };
    const { id, conversationId } = await emulated.agent('ana', { text: '?', content: [quickReply] });
    const plain = await emulated.agent('ana', { text: 'plain' });
    const structured = (more) => ({
        channel: message().channel, originatingMessageId: id,
        buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' }, ...more,
    });
    const answer = await emulated.inbound('structured/response', structured());
    assert.equal(answer.status, 200);
    assert.equal(answer.json.type, 'Structured');
    assert.deepEqual(answer.json.content, [{
        contentType: 'ButtonResponse',
        buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
    }]);
    const [row] = await emulated.control('messages');
    assert.equal(row.conversationId, conversationId);
    assert.equal(row.buttonResponse.payload, 'y');

    const button = (more) => structured({
        buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y', ...more },
    });
    const from = (name) => ({ ...message().channel, from: { id: name, idType: 'Opaque' } });
    const cases = [
        ['no button', structured({ buttonResponse: undefined }), 400, 'bad.request'],
        ['unknown type', button({ type: 'Card' }), 400, 'invalid.value'],
        ['no payload', button({ payload: undefined }), 400, 'bad.request'],
        ['no origin', structured({ originatingMessageId: undefined }), 400, 'bad.request'],
        ['unknown origin', structured({ originatingMessageId: 'x' }), 404, 'not.found'],
        ['an inbound origin', structured({ originatingMessageId: answer.json.id }), 404,
            'not.found'],
        ['an origin without buttons', structured({ originatingMessageId: plain.id }), 400,
            'bad.request'],
        ['of another customer', structured({ channel: from('bob') }), 400, 'bad.request'],
    ];
    for (const [name, body, status, code] of cases)
        expectError(name, await emulated.inbound('structured/response', body), status, code);

    await emulated.control('disconnect', { conversationId });
    await emulated.control('clock', { advance_ms: 4320 * 60000 });
    await emulated.login();
    expectError('after the window', await emulated.inbound('structured/response', structured()),
        400, 'bad.request');
    assert.equal((await emulated.control('messages')).length, 1);
});
