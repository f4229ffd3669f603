// The place behind every address of the network: a good host on two of them, a trap on all
// others.
import http from 'node:http';
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import { PNG } from '../../flow/support/files.mjs';
import { PUBLIC } from './spellings.mjs';

const PORTS = [80, 8080];

export class Place {
    constructor() {
        this.redirects = new Map(); // path -> [status, location]
        this.asked = [];            // paths that the good host was asked for
        this.trapped = [];          // "address path" that the trap was asked for
    }

    async start() {
        this.servers = PORTS.map(() => http.createServer((req, res) => this.#answer(req, res)));
        await Promise.all(this.servers.map((server, i) => {
            server.listen(PORTS[i], '::');
            return once(server, 'listening');
        }));
        return this;
    }

    stop() {
        for (const server of this.servers) {
            server.closeAllConnections();
            server.close();
        }
    }

    redirect(path, status, location) {
        this.redirects.set(path, [status, location]);
    }

    #answer(req, res) {
        const { localAddress, localPort } = req.socket;
        const address = localAddress.replace(/^::ffff:/, '');
        const isGood = (address === PUBLIC.v4 || address === PUBLIC.v6) && localPort === 80;
        if (!isGood)
            this.trapped.push(`${localAddress} ${req.url}`);
        else
            this.asked.push(req.url);
        const [status, location] = this.redirects.get(req.url) ?? [];
        if (isGood && status !== undefined)
            res.writeHead(status, { location }).end();
        else
            res.writeHead(200, { 'content-type': 'image/png' }).end(PNG);
    }
}

function nft(...words) {
    return execFileSync('nft', words).toString();
}

// The packets that the gateway sent to forbidden addresses, by version.
export function forbiddenPackets() {
    const count = (name) =>
        Number(/packets (\d+)/.exec(nft('list', 'counter', 'inet', 'guard', name))[1]);
    return { v4: count('forbidden_v4'), v6: count('forbidden_v6') };
}

// From here on the gateway of that world is counted.
export function count(world) {
    const add = (set, ...ports) =>
        nft('add', 'element', 'inet', 'guard', set, `{ ${ports.join(', ')} }`);
    add('peers', world.ports.genesys, world.partner.port);
    add('own', world.ports.public, world.ports.admin);
    nft('reset', 'counters', 'table', 'inet', 'guard');
}
