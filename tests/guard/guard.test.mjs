// No URL from outside leads the gateway to an address that is not public, however it is
// spelled, whoever names it and whatever a name server says. tests/guard/run makes the
// network in which this runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../flow/support/process.mjs';
import { World } from '../flow/support/world.mjs';
import { Place, count, forbiddenPackets } from './support/place.mjs';
import { Resolver } from './support/resolver.mjs';
import { PUBLIC, allowed, fromAgents, fromCustomers, redirects } from './support/spellings.mjs';

const NOTHING = { v4: 0, v6: 0 };
// What the note says of a file that nobody may or can ask for.
const REASONS = new RegExp('is missing: (its address is not allowed|the url cannot be read|' +
    'the url is not http or https|the name was not resolved|no connection|' +
    'it did not come in time|its server answered 30[0-9])');

const OPTIONS = {
    // The group by which nftables knows its packets.
    wrap: ['setpriv', '--regid=4711', '--clear-groups'],
    partner: '      files: true',
};
// What only time can mend is tried until then.
const BRIEF = 'timeouts: { media: 3s }';
const NO_GUARD = 'egress: { allow: [ "0.0.0.0/0", "::/0" ] }';

const attached = (url) => ({ attachments: [{ url, mime: 'image/png', name: 'a.png' }] });
const fromAgent = (url) => ({ content: [{ contentType: 'Attachment', attachment: {
    id: 'f-1', mediaType: 'Image', url, mime: 'image/png', filename: 'a.png' } }] });

function setNames(resolver) {
    resolver.set('files.test', [PUBLIC.v4]);
    resolver.set('metadata.test', ['169.254.169.254']);
    resolver.set('alias.test', ['-> metadata.test']);
    resolver.set('six.test', ['fd00:ec2::254']);
    resolver.set('mapped.test', ['::ffff:10.0.0.1']);
    resolver.set('translated.test', ['64:ff9b::10.0.0.1']);
    resolver.set('both.test', ['127.0.0.1', '::1']);
    resolver.set('zero.test', ['0.0.0.0', '::']);
    resolver.set('half.test', ['10.0.0.1', '10.0.0.2']);
    resolver.set('ftp.10.0.0.1.at.test', ['10.0.0.1']);
}

async function open(t, ...settings) {
    const resolver = await new Resolver().start();
    setNames(resolver);
    t.after(() => resolver.stop());
    const place = await new Place().start();
    t.after(() => place.stop());
    const world = await World.open(t, { ...OPTIONS, settings: settings.join('\n') });
    count(world);
    return { world, place, resolver };
}

// Every spelling as the URL of a file; a redirect as that of the good host.
function customersUrls(place) {
    const direct = fromCustomers.map(([what, url], i) => ({ what, url: `${url}/trap/${i}` }));
    const led = redirects.map(([what, url, status], i) => {
        place.redirect(`/from/${i}`, status, `${url}/trap/r${i}`);
        return { what, url: `http://files.test/from/${i}` };
    });
    place.redirect('/hop/1', 302, '/hop/2');
    place.redirect('/hop/2', 307, `http://${PUBLIC.v4}/hop/3`);
    place.redirect('/hop/3', 301, 'http://10.0.0.1/trap/hops');
    return [...direct, ...led, { what: 'the third of three redirects',
        url: 'http://files.test/hop/1' }];
}

async function sayAll(world, urls) {
    for (const [i, { what, url }] of urls.entries()) {
        const answer = await world.partner.message(`customer-${i}`, `words of customer ${i}`,
            attached(url));
        assert.ok(answer.status < 300, `${what}: ${answer.status} ${answer.body}`);
    }
    const rows = await world.untilMessages(urls.length, 120000);
    return urls.map(({ what }, i) => {
        const row = rows.find((r) => r.channel.from.id === `customer-${i}`);
        assert.ok(row, `the message of ${what}`);
        assert.ok(row.text.startsWith(`words of customer ${i}`), what);
        return { what, row };
    });
}

test('no spelling of an address leads there, and each message arrives', async (t) => {
    const { world, place } = await open(t, BRIEF);
    const urls = customersUrls(place);
    let refused = 0;
    for (const { what, row } of await sayAll(world, urls)) {
        assert.equal(row.content, undefined, what);
        assert.match(row.text, REASONS, what);
        refused += row.text.includes('its address is not allowed');
    }
    assert.ok(refused >= 60, `${refused} of ${urls.length} were refused for their address`);
    assert.deepEqual(place.trapped, []);
    assert.deepEqual(forbiddenPackets(), NOTHING);
    t.diagnostic(`${urls.length} spellings, ${refused} refused for their address`);
});

test('no scheme but the web\'s is followed for an agent', async (t) => {
    const { world, place } = await open(t, BRIEF);
    for (const i of fromAgents.keys())
        await world.partner.message(`customer-${i}`, `hello from ${i}`);
    await world.untilMessages(fromAgents.length);
    for (const [i, [, url]] of fromAgents.entries())
        await world.agent(`customer-${i}`, `words to customer ${i}`, fromAgent(`${url}/trap/${i}`));
    const replies = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message', fromAgents.length, 120000);
    for (const [i, [what]] of fromAgents.entries()) {
        const { data } = replies.find((e) =>
            new RegExp(`^words to customer ${i}(\\n|$)`).test(e.data.text));
        assert.match(data.text, REASONS, what);
        assert.equal(data.attachments, undefined, what);
    }
    assert.deepEqual(place.trapped, []);
    assert.deepEqual(forbiddenPackets(), NOTHING);
});

test('a public address is reached, however it is spelled', async (t) => {
    const { world, place } = await open(t);
    const urls = allowed.map(([what, url], i) => ({ what, url: `${url}/good/${i}` }));
    for (const { what, row } of await sayAll(world, urls))
        assert.equal(row.content?.[0].attachment.mime, 'image/png', `${what}: ${row.text}`);
    assert.equal(place.asked.length, allowed.length);
    assert.deepEqual(forbiddenPackets(), NOTHING);
});

test('a name that changes its mind is not followed to where nobody may go', async (t) => {
    const { world, place, resolver } = await open(t);
    let isTurned = false;
    const turned = () => [isTurned ? '10.0.0.1' : PUBLIC.v4];
    const once = (asked) => [asked === 0 ? PUBLIC.v4 : '10.0.0.1'];
    resolver.set('turns.test', turned);
    resolver.set('once.test', once);
    resolver.set('first-bad.test', ['10.0.0.1', PUBLIC.v4]);
    resolver.set('then-bad.test', [PUBLIC.v4, '10.0.0.1']);
    resolver.set('six-bad.test', [PUBLIC.v4, 'fd00::1']);
    place.redirect('/back', 302, 'http://once.test/again');
    const ask = async (name, url) => {
        await world.partner.message(name, `words of ${name}`, attached(url));
        return until(`the message of ${name}`, async () =>
            (await world.messages()).find((r) => r.channel.from.id === name));
    };

    assert.ok((await ask('before', 'http://turns.test/before')).content, 'it was public');
    await ask('back', 'http://once.test/back');
    await ask('first-bad', 'http://first-bad.test/x');
    await ask('then-bad', 'http://then-bad.test:8081/x');
    await ask('six-bad', 'http://six-bad.test:8081/x');
    assert.equal(resolver.times('turns.test'), 1);

    // A process that starts knows no name any more: that spares waiting for libcurl to ask.
    isTurned = true;
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    const after = await ask('after', 'http://turns.test/after');
    assert.equal(after.content, undefined);
    assert.match(after.text, /is missing: its address is not allowed/);
    const again = await ask('again', 'http://once.test/again');
    assert.equal(again.content, undefined);
    assert.equal(resolver.times('turns.test'), 2, 'it asked again');
    assert.deepEqual(place.trapped, []);
    assert.deepEqual(forbiddenPackets(), NOTHING);
});

test('without the guard the same spellings lead there: trap and counter work', async (t) => {
    const { world, place } = await open(t, BRIEF, NO_GUARD);
    const urls = customersUrls(place);
    await sayAll(world, urls);
    const reached = new Set(place.trapped.map((line) => line.slice(line.indexOf('/trap/'))));
    assert.ok(reached.size >= 60, `${reached.size} of ${urls.length} reach it`);
    const packets = forbiddenPackets();
    assert.ok(packets.v4 >= 60 && packets.v6 >= 60, JSON.stringify(packets));
    t.diagnostic(`${reached.size} of ${urls.length} spellings lead to a forbidden address; ${
        packets.v4} and ${packets.v6} packets`);
});
