// What the compose files say, as far as it can be seen without an engine. (They were held
// against docker-compose's own schema when they were written.)
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DOCKER } from './support/container.mjs';

const FILES = ['services.yaml', 'compose.yaml', 'compose.caddy.yaml'];

function read(name) {
    return readFileSync(path.join(DOCKER, name), 'utf8');
}

// [file, service, its lines]
function services() {
    return FILES.flatMap((file) => {
        const [, body] = /^services:\n([^]*?)(?=^\S|$(?![^]))/m.exec(read(file));
        return body.split(/^ {2}(?=[a-z])/m).slice(1)
            .map((text) => [file, text.slice(0, text.indexOf(':')), text]);
    });
}

test('each container has no rights', () => {
    assert.deepEqual(services().map(([, name]) => name), ['omgw', 'emulator', 'proxy', 'proxy']);
    for (const [file, name, text] of services())
        for (const line of ['read_only: true', 'cap_drop: [ ALL ]', 'pids_limit: 64',
            'security_opt: [ "no-new-privileges:true" ]'])
            assert.ok(text.includes(`\n    ${line}\n`), `${file}, ${name}: ${line}`);
});

test('only the proxy is reached from outside', () => {
    const ports = services().flatMap(([, name, text]) =>
        [...text.matchAll(/^ {4}ports: (.*)$/gm)].map(([, list]) => `${name} ${list}`));
    assert.deepEqual(ports, ['emulator [ "127.0.0.1:8090:8090" ]', 'proxy [ "443:8443" ]',
        'proxy [ "443:443" ]']);
});

test('the proxy that omgw believes is the proxy', () => {
    const [, believed] = /^trusted_proxies: \[ (\S+) \]/m.exec(read('omgw.yaml'));
    for (const [file, name, text] of services())
        if (name === 'proxy')
            assert.ok(text.includes(`ipv4_address: ${believed} }`), file);
});

test('every file that is mounted is there', () => {
    for (const file of FILES)
        for (const [, source] of read(file).matchAll(/(?:- |")\.\/([\w.-]+):/g))
            assert.ok(existsSync(path.join(DOCKER, source)), source);
});
