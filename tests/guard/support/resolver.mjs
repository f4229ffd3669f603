// A name server for one network: names mean what the test says, each time anew.
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

const A = 1;
const CNAME = 5;
const AAAA = 28;
const NAME_ERROR = 3;

// The eight groups of an IPv6 address, its IPv4 tail included, as 16 bytes.
function bytesOf(address) {
    if (net.isIPv4(address))
        return Buffer.from(address.split('.').map(Number));
    const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (all, a, b, c, d) =>
        `${(a * 256 + +b).toString(16)}:${(c * 256 + +d).toString(16)}`);
    const [head, tail] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')));
    const middle = tail === undefined ? [] : Array(8 - head.length - tail.length).fill('0');
    return Buffer.concat([...head, ...middle, ...tail ?? []].map((group) => {
        const two = Buffer.alloc(2);
        two.writeUInt16BE(parseInt(group, 16));
        return two;
    }));
}

function wireName(name) {
    return Buffer.concat([...name.split('.').map((label) =>
        Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])), Buffer.from([0])]);
}

function record(owner, type, data) {
    const head = Buffer.alloc(10);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(1, 2);
    head.writeUInt32BE(0, 4); // nobody may keep it
    head.writeUInt16BE(data.length, 8);
    return Buffer.concat([owner, head, data]);
}

function questionOf(packet) {
    const labels = [];
    let at = 12;
    while (packet[at] !== 0) {
        labels.push(packet.toString('latin1', at + 1, at + 1 + packet[at]));
        at += packet[at] + 1;
    }
    const name = labels.join('.').toLowerCase();
    return { name, type: packet.readUInt16BE(at + 1), end: at + 5 };
}

export class Resolver {
    constructor() {
        this.names = new Map(); // name -> addresses, or function (how often asked) of them
        this.asked = new Map(); // "name type" -> times
    }

    async start() {
        this.socket = dgram.createSocket('udp4');
        this.socket.on('message', (packet, from) =>
            this.socket.send(this.#answer(packet), from.port, from.address));
        this.socket.bind(53, '127.0.0.1');
        await once(this.socket, 'listening');
        return this;
    }

    stop() {
        this.socket.close();
    }

    // Addresses of either family; "-> name" is another name for it.
    set(name, addresses) {
        this.names.set(name, addresses);
    }

    // How often a name's addresses of a family were asked for.
    times(name, family = 4) {
        return this.asked.get(`${name} ${family === 4 ? A : AAAA}`) ?? 0;
    }

    #addresses(name, type) {
        const key = `${name} ${type}`;
        const before = this.asked.get(key) ?? 0;
        this.asked.set(key, before + 1);
        const [, spelled] = /^(\d+\.\d+\.\d+\.\d+)\.at\.test$/.exec(name) ?? [];
        const meant = this.names.get(name) ?? (spelled && [spelled]);
        return typeof meant === 'function' ? meant(before) : meant;
    }

    #answer(packet) {
        const question = questionOf(packet);
        const records = [];
        let owner = Buffer.from([0xc0, 12]); // the question's name
        let addresses = this.#addresses(question.name, question.type);
        while (addresses?.[0]?.startsWith('-> ')) {
            const other = addresses[0].slice(3);
            records.push(record(owner, CNAME, wireName(other)));
            owner = wireName(other);
            addresses = this.#addresses(other, question.type);
        }
        for (const address of addresses ?? []) {
            if ((net.isIPv4(address) ? A : AAAA) === question.type)
                records.push(record(owner, question.type, bytesOf(address)));
        }
        const head = Buffer.alloc(12);
        packet.copy(head, 0, 0, 2);
        head.writeUInt16BE(0x8580 | (addresses === undefined ? NAME_ERROR : 0), 2);
        head.writeUInt16BE(1, 4);
        head.writeUInt16BE(records.length, 6);
        return Buffer.concat([head, packet.subarray(12, question.end), ...records]);
    }
}
