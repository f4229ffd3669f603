// The fenced blocks of a page, with what a comment right before one says of it:
//
//   <!-- not run: REASON -->            nothing of it is a command here
//   <!-- saved as: FILE -->             a file, executable if it begins with #!
//   <!-- with the gateway stopped: ... -->   it is started again behind it
//   <!-- in the background until: TEXT -->   it goes on running; ready when it says TEXT

export function blocksOf(text) {
    const blocks = [];
    const pattern = /(?:^<!-- ([^]*?) -->\n)?^```(\w*)\n([^]*?)^```$/gm;
    for (const match of text.matchAll(pattern)) {
        const [whole, comment = '', language, body] = match;
        const [, mark, rest] = /^([a-z ]+): ([^]+)$/.exec(comment.replace(/\s+/g, ' ')) ?? [];
        blocks.push({
            line: text.slice(0, match.index + whole.indexOf('```')).split('\n').length,
            language, body, mark: mark ?? (comment === '' ? undefined : comment), rest,
        });
    }
    return blocks;
}

// The commands of a console and what it shows of their output.
export function commandsOf(body) {
    const commands = [];
    for (const line of body.split('\n').slice(0, -1)) {
        const last = commands.at(-1);
        if (line.startsWith('$ '))
            commands.push({ command: line.slice(2), output: [] });
        else if (last?.command.endsWith('\\') && last.output.length === 0)
            last.command += `\n${line}`;
        else
            last?.output.push(line);
    }
    return commands;
}

// A line without what differs from run to run.
const shape = (line) => line.replace(/\b[0-9a-f]{32}\b/g, 'ID')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/\d+/g, 'N').replace(/\s+/g, ' ').trim();

// The first line of the page that the output does not have, in order; "..." stands for any.
export function missingLine(wanted, output) {
    const lines = output.split('\n').map(shape);
    let at = 0;
    for (const line of wanted.filter((text) => text !== '...')) {
        at = lines.indexOf(shape(line), at) + 1;
        if (at === 0)
            return line;
    }
    return undefined;
}
