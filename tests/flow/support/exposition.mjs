// The text format of Prometheus, 0.0.4: reads a page and says what is wrong with it.
// Source: prometheus.io, "Exposition formats" and "Metric and label naming"; read 2026-11-21.

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const KINDS = ['counter', 'gauge', 'histogram'];

// {name: value} of what stands in the braces; undefined when it is not well formed.
function labelsOf(text = '') {
    const labels = {};
    LABEL.lastIndex = 0;
    while (LABEL.lastIndex < text.length) {
        const match = LABEL.exec(text);
        if (!match || match[1] in labels)
            return undefined;
        labels[match[1]] = match[2];
    }
    return labels;
}

const numberOf = (text) =>
    ({ '+Inf': Infinity, '-Inf': -Infinity, NaN: NaN })[text] ??
    (/^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/.test(text) ? Number(text) : undefined);

// The family that a sample's name belongs to.
const familyOf = (name, kinds) => {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    return kinds.get(base) === 'histogram' ? base : name;
};

function* histogramProblems(name, samples) {
    const series = new Map(); // labels without le -> {bounds, counts, count, hasSum}
    for (const { name: sample, labels: { le, ...labels }, value } of samples) {
        const key = JSON.stringify(labels);
        if (!series.has(key))
            series.set(key, { bounds: [], counts: [] });
        const one = series.get(key);
        if (sample === `${name}_bucket`) {
            one.bounds.push(numberOf(le));
            one.counts.push(value);
        } else if (sample === `${name}_count`) {
            one.count = value;
        } else if (sample === `${name}_sum`) {
            one.sum = value;
        }
    }
    for (const [key, { bounds, counts, count, sum }] of series) {
        const rise = (list) => list.every((value, i) => i === 0 || value >= list[i - 1]);
        if (!rise(bounds) || !rise(counts))
            yield `${name}${key}: buckets do not rise`;
        if (bounds.at(-1) !== Infinity || counts.at(-1) !== count)
            yield `${name}${key}: +Inf is not the count`;
        if (!(sum >= 0))
            yield `${name}${key}: the sum is ${sum}`;
    }
}

// {samples: [{name, labels, value}], kinds: Map, problems: [text]} of a page.
export function readExposition(page) {
    const samples = [];
    const kinds = new Map();
    const helps = new Set();
    const families = new Map(); // name -> samples, in the order of the page
    const seen = new Set();
    const problems = [];
    let current;

    if (!page.endsWith('\n'))
        problems.push('the last line has no end');
    for (const line of page.split('\n').slice(0, -1)) {
        const [, word, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
        if (word === 'HELP') {
            if (helps.has(name) || !NAME.test(name))
                problems.push(`HELP of ${name} twice or of no name`);
            helps.add(name);
        } else if (word === 'TYPE') {
            if (kinds.has(name) || !KINDS.includes(rest) || families.has(name))
                problems.push(`TYPE of ${name} twice, late or unknown: ${rest}`);
            kinds.set(name, rest);
        } else {
            const [, sample, inside, text] = SAMPLE.exec(line) ?? [];
            const labels = labelsOf(inside);
            const value = numberOf(text);
            if (labels === undefined || value === undefined) {
                problems.push(`no sample: ${line}`);
                continue;
            }
            const family = familyOf(sample, kinds);
            const key = sample + JSON.stringify(Object.entries(labels).sort());
            if (seen.has(key))
                problems.push(`twice: ${line}`);
            seen.add(key);
            if (family !== current && families.has(family))
                problems.push(`${family} stands in two places`);
            current = family;
            families.set(family, [...(families.get(family) ?? []),
                { name: sample, labels, value }]);
            samples.push({ name: sample, labels, value });
        }
    }
    for (const [name, list] of families) {
        const kind = kinds.get(name);
        if (kind === undefined || !helps.has(name))
            problems.push(`${name} has no TYPE or no HELP`);
        if ((kind === 'counter') !== name.endsWith('_total'))
            problems.push(`${name} is a ${kind}`);
        if (kind !== 'gauge' && list.some(({ value }) => !(value >= 0)))
            problems.push(`${name} is below zero`);
        if (kind === 'histogram')
            problems.push(...histogramProblems(name, list));
    }
    return { samples, kinds, problems };
}

// The values of the samples of that name whose labels are, or contain, the given ones.
export function valuesOf({ samples }, name, labels = {}) {
    return samples.filter((sample) => sample.name === name &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
        .map(({ value }) => value);
}
