// The table of scripts/bench, from its rows; with a folder also as PERFORMANCE.md, with a chart.
//
//   node report.mjs ROWS INSTRUCTIONS [FOLDER]
import fs from 'node:fs';
import os from 'node:os';

const [rowsFile, instructionsFile, folder] = process.argv.slice(2);
const rows = fs.readFileSync(rowsFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const instructions = fs.readFileSync(instructionsFile, 'utf8').trimEnd();
const bodyBytes = 1024;

function values(name, of) {
    return rows.filter((row) => row.row === name).map(of).sort((a, b) => a - b);
}

function median(name, of) {
    const all = values(name, of);
    return all.length === 0 ? NaN : all[Math.floor(all.length / 2)];
}

const rate = (row) => row.per_second;
const relayed = (row) => row.relayed * 1000 / row.took_ms;
const cpu = (row) => row.after.cpu - row.before.cpu;
const written = (row) => row.after.written - row.before.written;
const number = (value, digits = 0) => value.toLocaleString('en', {
    maximumFractionDigits: digits, minimumFractionDigits: digits });
const percent = (value) => `${number(value * 100)} %`;
const times = (value) => `x${number(value, 1)}`;

const base = {
    bare: median('bare', rate),
    limit: median('limit', rate),
    ingest: median('ingest', rate),
    relay: median('relay', relayed),
    express: median('express', rate),
    posts: median('posts', rate),
    all: median('all', relayed),
    outbound: median('outbound', relayed),
};
const cpuRelay = median('relay', (row) => cpu(row) * 1e6 / row.relayed);
const cpuExpress = median('express', (row) => cpu(row) * 1e6 / row.answered);

// name, value, how it is shown, at least, aim; "at most" where less is better.
const gates = [
    ['durable ingest / bare libmicrohttpd 200', base.ingest / base.bare, percent, 0.25, 0.35],
    ['durable ingest / libmicrohttpd + raw fdatasync log', base.ingest / base.limit, percent,
        0.60, 0.75],
    ['durable relays / durable ingest', base.relay / base.ingest, percent, 0.60, 0.70],
    ['durable relays / the express relay', base.relay / base.express, times, 10, 15],
    ['CPU per relayed message, of the express relay / ours', cpuExpress / cpuRelay, times, 9, 15],
    ['p99 webhook to 200 at half load / p99 of fdatasync',
        median('half', (row) => row.p99_ms) / median('sync', (row) => row.p99_ms), times, 20, 12,
        'at most'],
    ['p50 arrival at the peer minus p50 of the 200, ms',
        median('half', (row) => row.arrival_p50_ms - row.p50_ms), (v) => number(v, 2), 0.3, 0.1,
        'at most'],
    ['RSS idle, MB', median('memory', (row) => row.idle_kb) / 1024, (v) => number(v, 1), 16, 10,
        'at most'],
    ['RSS after 50,000 messages, MB', median('memory', (row) => row.loaded_kb) / 1024,
        (v) => number(v, 1), 32, 20, 'at most'],
    ['bytes written per byte of message, saturated',
        median('relay', (row) => written(row) / row.relayed / bodyBytes), (v) => number(v, 1), 8, 5,
        'at most'],
    ['thousand user instructions per relayed message',
        median('instructions', (row) => row.total) / 1000, (v) => number(v), 200, 120, 'at most'],
];
for (const name of new Set(rows.map((row) => row.row).filter((row) => row.startsWith('stored-')))) {
    const count = Number(name.slice('stored-'.length));
    const least = count <= 1e6 ? [0.80, 0.95] : [0.60, 0.85];
    gates.push([`ingest with ${number(count)} stored messages / fresh`,
        median(name, rate) / median(`fresh-${count}`, rate), percent, ...least]);
}

function verdict([, value, , least, aim, side]) {
    const reaches = (limit) => (side === 'at most' ? value <= limit : value >= limit);
    if (!Number.isFinite(value))
        return 'not measured';
    return reaches(aim) ? 'aim' : reaches(least) ? 'reached' : 'MISSED';
}

const ratios = gates.map((gate) => [gate[0], gate[2](gate[1]), gate[2](gate[3]), gate[2](gate[4]),
    verdict(gate)]);
const range = (name, of) => {
    const all = values(name, of);
    return `${number(all[0])} - ${number(all[all.length - 1])}`;
};
const rates = [
    ['bare libmicrohttpd, a canned 200', base.bare, range('bare', rate)],
    ['libmicrohttpd hand-back + raw fdatasync log', base.limit, range('limit', rate)],
    ['durable ingest', base.ingest, range('ingest', rate)],
    ['relays inbound, statuses: failed', base.relay, range('relay', relayed)],
    ['relays inbound, statuses: all (two exchanges each)', base.all, range('all', relayed)],
    ['relays outbound (two exchanges each)', base.outbound, range('outbound', relayed)],
    ['libcurl alone, POSTs', base.posts, range('posts', rate)],
    ['express relay with the official SDK', base.express, range('express', rate)],
];
const others = [
    ['CPU us per relayed message, ours', number(cpuRelay, 1)],
    ['CPU us per relayed message, express', number(cpuExpress)],
    ['half load, messages/s', number(median('half', rate))],
    ['  200: p50 / p99, ms', `${median('half', (r) => r.p50_ms)} / ${median('half', (r) => r.p99_ms)}`],
    ['  arrival at the peer: p50 / p99, ms', `${median('half', (r) => r.arrival_p50_ms)} / ${
        median('half', (r) => r.arrival_p99_ms)}`],
    ['  fdatasync of 4 KiB: p50 / p99, ms', `${median('sync', (r) => r.p50_ms)} / ${
        median('sync', (r) => r.p99_ms)}`],
    ['  express at its half, 200: p50 / p99, ms', `${median('half-express', (r) => r.p50_ms)} / ${
        median('half-express', (r) => r.p99_ms)}`],
    ['express RSS, MB', number(median('express', (r) => r.rss_kb) / 1024)],
    ['start to listening, ms', number(median('memory', (r) => r.started_ms))],
];
for (const name of new Set(rows.map((row) => row.row).filter((row) => row.startsWith('stored-'))))
    others.push([`start with ${number(Number(name.slice(7)))} messages, ms`,
        number(median(name, (row) => row.started_ms))]);

const pad = (text, width) => String(text).padEnd(width);
for (const [name, value, least, aim, says] of ratios)
    console.log(`${pad(name, 56)} ${pad(value, 10)} gate ${pad(least, 8)} aim ${pad(aim, 8)} ${says}`);
console.log();
for (const [name, value, span] of rates)
    console.log(`${pad(name, 56)} ${pad(`${number(value)}/s`, 12)} ${span}`);
for (const [name, value] of others)
    console.log(`${pad(name, 56)} ${value}`);

function table(head, lines) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
}

function chart() {
    const height = 30, left = 330, width = 420;
    const most = Math.max(...rates.map(([, value]) => value));
    const bars = rates.map(([name, value], i) => {
        const y = 30 + i * height;
        const wide = Math.max(1, Math.round(value / most * width));
        const colour = /durable|relays/.test(name) ? '#1f6feb' : '#8c959f';
        return `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${name}</text>`
            + `<rect x="${left}" y="${y}" width="${wide}" height="20" fill="${colour}"/>`
            + `<text x="${left + wide + 6}" y="${y + 15}">${number(value)}</text>`;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 90}" height="${
        40 + rates.length * height}" font-family="sans-serif" font-size="13">\n`
        + '<rect width="100%" height="100%" fill="#ffffff"/>\n'
        + '<text x="8" y="18" font-weight="bold">Messages a second, medians of one run</text>\n'
        + `${bars.join('\n')}\n</svg>\n`;
}

function page() {
    const cpus = os.cpus();
    const misses = ratios.filter((ratio) => ratio[4] === 'MISSED').map((ratio) => ratio[0]);
    return `# Performance

Made by \`scripts/bench --full\`: do not edit. Our own load generator and stub peers on the same
machine, rows that take turns; the middle of ${values('relay', relayed).length} runs each. Compare
ratios, not rates: machines are shared and noisy. The gates are for inbound relays with
\`statuses: failed\`, ${number(5000)} contacts in random order, pacing off, bodies of 1 KB, plain
HTTP, 64 connections; \`synchronous=FULL\`, order and recognition of repeats are on in every row.

Machine: ${cpus.length} x ${cpus[0].model.trim()}, Linux ${os.release().replace(/-.*/, '')}, ${
    new Date().toISOString().slice(0, 10)}.

![Messages a second](performance.svg)

## What it must reach

${table(['figure', 'measured', 'at least', 'aim', ''], ratios)}

${misses.length === 0 ? 'Nothing is missed.'
        : `Missed: ${misses.join('; ')}.
Where the time goes stands below; what was tried, in the [notes](#notes).`}

## Messages a second

${table(['row', 'median', 'least - most'], rates.map(([name, value, span]) =>
        [name, number(value), span]))}

${table(['', 'value'], others.map(([name, value]) => [name.trim(), value]))}

## Where the instructions go

User space, by thread and library, under callgrind (\`scripts/instructions\`); memset and the
SHA of signatures left out.

\`\`\`
${instructions}
\`\`\`

${fs.readFileSync(new URL('notes.md', import.meta.url), 'utf8')}`;
}

if (folder !== undefined) {
    fs.writeFileSync(`${folder}/performance.svg`, chart());
    fs.writeFileSync(`${folder}/PERFORMANCE.md`, page());
}
