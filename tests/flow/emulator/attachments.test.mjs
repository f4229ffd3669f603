// What customers attach is fetched as Genesys would, and what became of it is told.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { until } from '../support/process.mjs';
import { Emulated, message } from './support/emulated.mjs';

const args = ['--requests-per-minute', '0'];
const MEGABYTE = 1024 * 1024;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

// A server of files: `files` says by path how to answer.
async function serve(t, files) {
    const seen = [];
    const server = http.createServer((req, res) => {
        seen.push({ method: req.method, url: req.url, headers: req.headers });
        const answer = files[req.url.split('?')[0]];
        if (answer)
            answer(res);
        else
            res.writeHead(404).end('nothing here');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

const give = (bytes, type) => (res) => {
    res.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
    res.end(bytes);
};
const redirect = (to) => (res) => res.writeHead(302, { location: to }).end();

function attached(url, more = {}) {
    return message({ text: 'see', content: [{ attachment: {
        id: 'a-1', mediaType: 'Image', mime: 'image/png', url, ...more } }] });
}

async function say(emulated, ...of) {
    const answer = await emulated.inbound('message', attached(...of));
    assert.equal(answer.status, 200);
    return answer.json;
}

// What became of the latest attachment.
function fetched(emulated) {
    return until('the attachment to be fetched', async () => {
        const [row] = await emulated.control('messages?tail=1');
        return row.content[0].attachment.fetched;
    });
}

const without = ({ tookMs, ...rest }) => {
    assert.ok(tookMs >= 0);
    return rest;
};

test('an attachment is fetched, and its bytes are there for the page', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const bytes = randomBytes(70000);
    const { url, seen } = await serve(t, { '/media/a%20b': give(bytes, 'image/png') });
    const { id } = await say(emulated, `${url}/media/a%20b?sig=1&x=%20`, { filename: 'å.png' });
    const told = await fetched(emulated);
    assert.deepEqual(without({ ...told, file: '', path: '' }), { status: 200, redirects: 0,
        type: 'image/png', bytes: 70000, sha256: hash(bytes), file: '', path: '' });
    assert.equal(told.path, `/_emulator/files/${told.file}/${encodeURIComponent('å.png')}`);
    const answer = await fetch(`${emulated.url}${told.path}`);
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);

    assert.equal(seen.length, 1);
    assert.equal(seen[0].method, 'GET');
    assert.equal(seen[0].url, '/media/a%20b?sig=1&x=%20');
    assert.equal(seen[0].headers.authorization, undefined);
    const [row] = await emulated.control('messages');
    assert.deepEqual([row.text, row.genesysId, row.row], ['see', id, 1]);
    const { timeline } = await emulated.control(`conversations/${row.conversationId}`);
    assert.deepEqual(timeline[0].body.content[0].attachment, { id: 'a-1', mediaType: 'Image',
        mime: 'image/png', url: `${url}/media/a%20b?sig=1&x=%20`, filename: 'å.png',
        fetched: told });
    const [file] = await emulated.control('files');
    assert.deepEqual([file.id, file.from, file.downloads], [told.file, 'customer', 0]);
});

test('a message is accepted before its attachment is there', async (t) => {
    const emulated = await Emulated.start(t, { args });
    let finish;
    const { url, seen } = await serve(t, { '/slow': (res) => {
        finish = () => give(Buffer.from('late'), 'text/plain')(res);
    } });
    await say(emulated, `${url}/slow`);
    await until('the fetch to begin', () => seen.length === 1);
    const [row] = await emulated.control('messages');
    assert.equal(row.content[0].attachment.fetched, undefined);
    await emulated.say('ben', 'others are not held up');
    finish();
    await until('the end', async () => (
        (await emulated.control('messages'))[0].content[0].attachment.fetched?.bytes === 4));
});

test('what comes as a type that is not let in is dropped, whatever was said of it', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const bytes = Buffer.from('<html></html>');
    const { url } = await serve(t, { '/page': give(bytes, 'text/html; charset=utf-8'),
        '/picture': give(bytes, 'image/png'),
        '/untold': (res) => res.writeHead(200, { 'content-length': 4 }).end('some') });
    await emulated.control('media-types', { inbound: ['image/*'] });
    await say(emulated, `${url}/page`);
    assert.deepEqual(without(await fetched(emulated)), { status: 200, redirects: 0,
        type: 'text/html; charset=utf-8', why: 'MediaTypeNotAllowed: text/html' });
    assert.deepEqual(await emulated.control('files'), []);
    for (const path of ['picture', 'untold']) {
        await say(emulated, `${url}/${path}`);
        assert.ok((await fetched(emulated)).file, path);
    }
});

test('three redirects are followed, a fourth is not', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const { url, seen } = await serve(t, {
        '/3': redirect('/2'), '/2': redirect('/1'), '/1': redirect('/0'),
        '/4': redirect('/3'), '/0': give(Buffer.from('there'), 'text/plain'),
        '/away': redirect('ftp://x.example/y'), '/none': (res) => res.writeHead(302).end(),
    });
    await say(emulated, `${url}/3`);
    assert.deepEqual(without({ ...await fetched(emulated), file: '', path: '' }), { status: 200,
        redirects: 3, type: 'text/plain', bytes: 5, sha256: hash('there'), file: '', path: '' });
    assert.deepEqual(seen.map((request) => request.url), ['/3', '/2', '/1', '/0']);
    await say(emulated, `${url}/4`);
    assert.deepEqual(without(await fetched(emulated)),
        { status: 302, redirects: 3, why: 'more than 3 redirects' });
    await say(emulated, `${url}/away`);
    assert.match((await fetched(emulated)).why, /not http/);
    await say(emulated, `${url}/none`);
    assert.equal((await fetched(emulated)).why, 'it was answered with 302');
});

test('why there are no bytes is told', async (t) => {
    const emulated = await Emulated.start(t, { args: [...args, '--media-timeout-ms', '400'] });
    const { url } = await serve(t, {
        '/500': (res) => res.writeHead(500, { 'content-type': 'text/html' }).end('<p>no'),
        '/hangs': () => {},
        '/breaks': (res) => {
            res.writeHead(200, { 'content-length': 10 });
            res.write('abc', () => res.destroy());
        },
        '/empty': (res) => res.writeHead(200).end(),
        '/204': (res) => res.writeHead(204).end(),
    });
    const cases = [
        [`${url}/missing`, 404, /answered with 404/], [`${url}/500`, 500, /answered with 500/],
        [`${url}/hangs`, 0, /in time/], [`${url}/breaks`, 0, /complete|lost/],
        [`${url}/empty`, 200, /no bytes/], [`${url}/204`, 204, /no bytes/],
        ['http://127.0.0.1:9/nobody', 0, /no connection/], ['file:///etc/passwd', 0, /not http/],
        ['http://', 0, /url/], ['no url', 0, /./],
    ];
    for (const [address, status, why] of cases) {
        await say(emulated, address);
        const told = await fetched(emulated);
        assert.equal(told.status, status, address);
        assert.match(told.why, why, address);
        assert.equal(told.bytes, undefined);
        assert.equal(told.path, undefined);
    }
    assert.deepEqual(await emulated.control('files'), []);
});

test('25 MB are fetched, and one byte more is not', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const most = Buffer.alloc(25 * MEGABYTE, 'x');
    const { url } = await serve(t, {
        '/most': give(most, 'video/mp4'),
        '/more': give(Buffer.concat([most, Buffer.from('x')]), 'video/mp4'),
    });
    await say(emulated, `${url}/most`);
    assert.equal((await fetched(emulated)).sha256, hash(most));
    await say(emulated, `${url}/more`);
    const { bytes, why } = await fetched(emulated);
    assert.deepEqual([bytes, why], [undefined, 'it is larger than 25 MB']);
});

test('a file is named by the message, else by its address, and typed by the answer', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const bytes = Buffer.from('x');
    const { url } = await serve(t, {
        '/a/b.png': give(bytes, 'image/webp'),
        '/': (res) => res.writeHead(200, { 'content-length': 1 }).end('x'),
        '/odd': (res) => res.writeHead(200, { 'content-type': 'n\xf6 type' }).end('x'),
    });
    const cases = [
        [`${url}/a/b.png?c=d/e`, {}, 'b.png', 'image/webp'],
        [`${url}/a/b.png`, { filename: 'mine.webp' }, 'mine.webp', 'image/webp'],
        [`${url}/a/b.png`, { filename: '../../x' }, 'b.png', 'image/webp'],
        [`${url}/`, {}, 'file', 'image/png'],
        [`${url}/odd`, { mime: 'no type' }, 'odd', 'application/octet-stream'],
    ];
    for (const [address, more, name, type] of cases) {
        await say(emulated, address, more);
        const { file } = await fetched(emulated);
        const row = (await emulated.control('files')).find(({ id }) => id === file);
        assert.deepEqual([row.name, row.type], [name, type], address);
    }
});

test('links are not fetched, nor what the media types do not let in', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const { url, seen } = await serve(t, { '/a': give(Buffer.from('x'), 'image/png') });
    await say(emulated, `${url}/a`, { mediaType: 'Link' });
    await emulated.control('media-types', { inbound: ['image/gif'] });
    await say(emulated, `${url}/a`);
    await emulated.control('media-types', {});
    await say(emulated, `${url}/a`);
    await fetched(emulated);
    assert.equal(seen.length, 1);
});

test('of what no longer fits only the facts are kept', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const { url } = await serve(t, { '/a': give(Buffer.from('x'), 'image/png') });
    for (let i = 0; i < 65; i++)
        await say(emulated, `${url}/a`);
    const rows = await until('all to be fetched', async () => {
        const all = await emulated.control('messages');
        return all.every(({ content }) => content[0].attachment.fetched) && all;
    });
    const told = rows.map(({ content }) => content[0].attachment.fetched);
    assert.ok(told.every(({ sha256 }) => sha256 === hash('x')));
    assert.equal(told.filter(({ path }) => path).length, 64);
    assert.equal((await fetch(`${emulated.url}/_emulator/files?name=n`,
        { method: 'POST', body: 'x' })).status, 200, 'the agent has files of its own');
});

test('a member of ours in an attachment gives way', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const { url } = await serve(t, { '/a': give(Buffer.from('x'), 'image/png') });
    await say(emulated, `${url}/a`, { fetched: { bytes: 5, status: 1 } });
    await until('the attachment to be fetched', async () => {
        const [row] = await emulated.control('messages');
        return row.content[0].attachment.fetched.bytes === 1;
    });
});

test('a reset forgets what is under way', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const waiting = [];
    const { url, seen } = await serve(t, { '/slow': (res) => waiting.push(res),
        '/a': give(Buffer.from('x'), 'image/png') });
    for (let i = 0; i < 10; i++) // more than go at once
        await say(emulated, `${url}/slow`);
    await until('some to begin', () => waiting.length === 8);
    await emulated.control('reset', {});
    await emulated.login();
    await say(emulated, `${url}/a`);
    for (const res of waiting)
        give(Buffer.from('late'), 'text/plain')(res);
    assert.equal((await fetched(emulated)).bytes, 1);
    assert.equal((await emulated.control('files')).length, 1);
    assert.equal(seen.filter((request) => request.url === '/slow').length, 8);
});

test('it ends in the middle of fetching', async (t) => {
    const emulated = await Emulated.start(t, { args });
    const { url, seen } = await serve(t, { '/slow': () => {} });
    for (let i = 0; i < 10; i++)
        await say(emulated, `${url}/slow`);
    await until('some to begin', () => seen.length === 8);
    const { code } = await emulated.child.kill('SIGTERM');
    assert.equal(code, 0);
});
