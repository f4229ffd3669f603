// Small files of kinds that a browser shows: a picture and a sound, made here.
import { deflateSync } from 'node:zlib';

// Source: RFC 2083 (PNG), section 15.
function crc32(bytes) {
    let sum = ~0;
    for (const byte of bytes) {
        sum ^= byte;
        for (let i = 0; i < 8; i++)
            sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum >>> 0;
}

function chunk(type, data) {
    const named = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
}

// A picture of a hill at dusk, so that a person sees that it is one.
export function png(width = 320, height = 180) {
    const rows = Buffer.alloc(height * (1 + width * 3));
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const isHill = y > height * (0.75 - 0.3 * Math.sin(Math.PI * x / width));
            const colour = isHill ? [38, 70, 83] : [233, 196 - y / 2, 106 + y / 3];
            rows.set(colour, y * (1 + width * 3) + 1 + x * 3);
        }
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2, 0, 0, 0], 8); // 8 bits a colour, RGB
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
        chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

// Half a second of a low tone. Source: RIFF WAVE, format 1 (PCM), 8 bits.
export function wav(rate = 8000) {
    const sound = Buffer.alloc(rate / 2, 0).map((_, i) => (
        128 + 40 * Math.sin(2 * Math.PI * 220 * i / rate)));
    const head = Buffer.alloc(44);
    head.write('RIFF', 0);
    head.writeUInt32LE(36 + sound.length, 4);
    head.write('WAVEfmt ', 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(rate, 24);
    head.writeUInt32LE(rate, 28);
    head.writeUInt16LE(1, 32);
    head.writeUInt16LE(8, 34);
    head.write('data', 36);
    head.writeUInt32LE(sound.length, 40);
    return Buffer.concat([head, sound]);
}
