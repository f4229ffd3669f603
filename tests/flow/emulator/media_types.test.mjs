// The media types that a supported content profile lets through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, INTEGRATION, Webhook, message } from './support/emulated.mjs';

const free = ['--requests-per-minute', '0'];

async function start(t, ...args) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { webhookUrl: webhook.url, args: [...free, ...args] });
    return { webhook, emulated };
}

const attached = (mime) => [{ attachment: {
    mediaType: 'File', url: 'http://127.0.0.1:9/a', mime, filename: 'a' } }];

test('everything goes through until something else is ordered, and after a reset', async (t) => {
    const { emulated } = await start(t);
    const all = { inbound: ['*/*'], outbound: ['*/*'] };
    assert.deepEqual(await emulated.control('media-types'), all);
    const ordered = { inbound: [], outbound: ['image/*'] };
    assert.deepEqual(await emulated.control('media-types', ordered), ordered);
    assert.deepEqual(await emulated.control('media-types'), ordered);
    assert.deepEqual(await emulated.control('media-types', { inbound: ['a/b'] }),
        { inbound: ['a/b'], outbound: ['*/*'] }, 'a side that is left out lets all through');
    await emulated.control('reset', {});
    assert.deepEqual(await emulated.control('media-types'), all);
});

test('a list that is none is refused and changes nothing', async (t) => {
    const { emulated } = await start(t);
    const cases = [
        [{ inbound: 'image/*' }, 'inbound'], [{ inbound: [1] }, 'inbound[0]'],
        [{ outbound: ['image/png', 'png'] }, 'outbound[1]'],
        [{ outbound: ['a/b; c=d'] }, 'outbound[0]'],
    ];
    await emulated.control('media-types', { inbound: ['a/b'] });
    for (const [order, field] of cases) {
        const answer = await emulated.tryControl('media-types', order);
        assert.equal(answer.status, 400);
        assert.equal(answer.json.details[0].fieldName, field);
    }
    assert.deepEqual((await emulated.control('media-types')).inbound, ['a/b']);
});

test('inbound media that is not allowed is dropped, and the text stays', async (t) => {
    const { emulated } = await start(t);
    await emulated.control('media-types', { inbound: ['image/*', 'application/pdf'] });
    const cases = [
        ['image/png', true], ['IMAGE/PNG', true], ['image/png; q=1', true],
        ['application/pdf', true], ['application/zip', false], ['imagery/png', false],
        ['image', false],
    ];
    for (const [mime, goes] of cases) {
        const body = message({ text: `here: ${mime}`, content: attached(mime) });
        const answer = await emulated.inbound('message', body);
        assert.equal(answer.status, 200);
        assert.equal(answer.json.text, `here: ${mime}`);
        assert.equal(answer.json.content?.length, goes ? 1 : undefined, mime);
        const [row] = await emulated.control('messages?tail=1');
        assert.equal(row.text, `here: ${mime}`);
        assert.deepEqual(row.content?.[0].attachment.mime, goes ? mime : undefined);
        assert.deepEqual(row.dropped, goes ? undefined : body.content);
        const details = await emulated.call('GET', '/api/v2/conversations/messages/'
            + `${answer.json.id}/details?useNormalizedMessage=true`);
        assert.equal(details.json.normalizedMessage.content?.length, goes ? 1 : undefined);
    }
});

test('a member of ours in a message gives way, also when media is dropped', async (t) => {
    const { emulated } = await start(t);
    await emulated.control('media-types', { inbound: ['c/d'] });
    const body = { ...message({ content: attached('a/b') }), dropped: 'theirs', row: 'theirs' };
    assert.equal((await emulated.inbound('message', body)).status, 200);
    const [row] = await emulated.control('messages');
    assert.deepEqual([row.dropped, row.row], [attached('a/b'), 1]);
});

test('of a message that was only media nothing is left, and its receipt says why', async (t) => {
    const { webhook, emulated } = await start(t, '--inbound-receipts');
    await emulated.control('media-types', { inbound: ['image/png'] });
    const sent = [
        message({ text: 'words', content: attached('a/b') }),
        message({ text: null, content: attached('a/b') }),
        message({ text: null, content: attached('image/png') }),
    ];
    for (const [i, body] of sent.entries()) {
        assert.equal((await emulated.inbound('message', body)).status, 200);
        await webhook.until(i + 1);
    }
    assert.deepEqual(webhook.received.map(({ body }) => [body.status, body.reasons?.[0].code]),
        [['Published', undefined], ['Failed', 'MediaTypeNotAllowed'], ['Published', undefined]]);
});

test('outbound media that is not allowed blocks the message', async (t) => {
    const { webhook, emulated } = await start(t);
    await emulated.control('media-types', { outbound: ['image/png'] });
    const media = (mime) => ({ mediaType: 'Image', url: 'https://x/y', mime });
    const template = (mime) => ({ header: { type: 'Media', media: media(mime) },
        body: { parameters: [] } });
    const cases = [
        [{ attachment: media('image/png') }, true], [{ attachment: media('image/gif') }, false],
        [{ attachment: { mediaType: 'Image' } }, false], [{ text: { body: 'x' } }, true],
        [{ template: template('image/png') }, true], [{ template: template('image/gif') }, false],
    ];
    let count = 0;
    for (const [element, goes] of cases) {
        const answer = await emulated.tryControl('agent', { integrationId: INTEGRATION, to: 'ana',
            text: 'x', content: [{ card: { title: 'x', actions: [] } }, element] });
        assert.equal(answer.status, goes ? 200 : 400, JSON.stringify(element));
        assert.equal(answer.json.code, goes ? undefined : 'media.type.not.allowed');
        assert.equal(answer.json.details?.[0].fieldName, goes ? undefined : 'content[1]');
        count += goes;
    }
    await webhook.until(count);
    assert.equal((await emulated.control('outbound')).length, count);
});
