// The agent's page: asks the emulator again and again and shows what it says.
import { KINDS } from './composer.js';
import { clock, element } from './element.js';
import { answersOf, message, nameOf } from './talk.js';

const SHOWN = 200;
const POLL_MS = 400;
const TYPING_MS = 5000;

const $ = (id) => document.getElementById(id);
const state = {
    chosen: null, list: [], listed: '', isAtEnd: true,
    read: new Map(), names: new Map(), items: new Map(),
};

async function ask(path, body) {
    const response = await fetch(`_emulator/${path}`, body === undefined ? {} : {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok)
        throw new Error(answer.message ?? answer.detail ?? `HTTP ${response.status}`);
    return answer;
}

const chosen = () => state.list.find((conversation) => conversation.id === state.chosen);
const latest = (conversation) => conversation.lastMessageAt ?? conversation.openedAt;

// --- the list

function row(conversation) {
    const { id, contact, messages } = conversation;
    const button = element('button', '', element('b', '', state.names.get(id) ?? contact),
        element('small', '', `${conversation.state} · ${clock(latest(conversation))}`));
    button.type = 'button';
    button.dataset.id = id;
    button.onclick = () => choose(id);
    if (id === state.chosen)
        button.setAttribute('aria-current', 'true');
    return element('li', messages > (state.read.get(id) ?? 0) ? 'new' : '', button);
}

function showList(conversations) {
    conversations.sort((a, b) => latest(b).localeCompare(latest(a)));
    state.list = conversations;
    if (!chosen())
        state.chosen = conversations[0]?.id ?? null;
    state.read.set(state.chosen, chosen()?.messages);
    $('none').hidden = conversations.length > 0;
    $('desk').hidden = conversations.length === 0;

    const listed = JSON.stringify([state.chosen, conversations, [...state.names]]);
    if (listed === state.listed)
        return;
    state.listed = listed;
    const focused = document.activeElement?.dataset.id;
    $('list').replaceChildren(...conversations.map(row));
    if (focused)
        $('list').querySelector(`[data-id="${focused}"]`)?.focus();
}

// --- one conversation

// The element of each message, as long as it looks the same: a film goes on playing, and a
// screen reader says it once.
function itemOf(item, chosen, isOther) {
    const shown = JSON.stringify([item, [...chosen]]);
    const known = state.items.get(item.id);
    return known?.shown === shown ? known :
        { shown, element: message(item, !isOther && !known, chosen) };
}

// Only what differs is moved: what moves would stop playing.
function place(box, elements) {
    const wanted = new Set(elements);
    for (const item of [...box.children].filter((child) => !wanted.has(child)))
        item.remove();
    elements.forEach((item, i) => {
        if (box.children[i] !== item)
            box.insertBefore(item, box.children[i] ?? null);
    });
}

function showTimeline(conversation) {
    const box = $('timeline');
    const isOther = box.dataset.id !== conversation.id;
    const timeline = conversation.timeline.filter(({ body }) => !body.events);
    const answers = answersOf(timeline);
    box.dataset.id = conversation.id;
    state.items = new Map(timeline.map((item) => (
        [item.id, itemOf(item, answers.get(item.id) ?? new Set(), isOther)])));
    place(box, [...state.items.values()].map((item) => item.element));
    if (isOther)
        state.isAtEnd = true;
    stayAtEnd();
}

function stayAtEnd() {
    if (state.isAtEnd)
        $('timeline').scrollTop = $('timeline').scrollHeight;
}

// Whoever scrolls up stays there; at the end the latest message is always seen.
$('timeline').onscroll = ({ target }) => {
    state.isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 60;
};
new ResizeObserver(stayAtEnd).observe($('timeline'));
for (const event of ['load', 'loadedmetadata']) // a picture is there: it takes its room
    $('timeline').addEventListener(event, stayAtEnd, true);

function showTyping({ now, typingAt }) {
    const isTyping = typingAt && Date.parse(now) - Date.parse(typingAt) < TYPING_MS;
    if (isTyping === (($('typing').childElementCount > 0)))
        return;
    $('typing').replaceChildren(...isTyping ? [
        element('span', 'dots', ...[1, 2, 3].map(() => element('i'))),
        'The customer is typing'] : []);
}

function showConversation(conversation) {
    const { id, contact, integrationName } = conversation;
    const name = nameOf(conversation);
    state.names.set(id, name);
    $('contact').textContent = name;
    $('face').textContent = [...name][0].toUpperCase();
    $('about').textContent = `${contact} · ${conversation.state} · ${integrationName}`;
    $('end').disabled = conversation.state !== 'connected';
    showTimeline(conversation);
    showTyping(conversation);
}

// --- what is ordered to go wrong

const DROPS = { before: 'are dropped', after: 'are taken, then dropped', reset: 'are reset' };

function fault({ route, contact, times, status, delay_ms: delayMs, drop }) {
    const what = DROPS[drop] ?? (status ? `get ${status}` : `are answered ${delayMs} ms late`);
    return [route === 'any' ? 'all requests' : `requests of ${route}`, contact && `of ${contact}`,
        what, times && `(${times} more)`].filter(Boolean).join(' ');
}

function showFaults(faults) {
    const text = faults.length === 0 ? '' :
        `Ordered to fail: ${faults.map(fault).join('; ')}`;
    if ($('faults').textContent !== text)
        $('faults').textContent = text;
    $('faults').hidden = text === '';
}

// --- again and again

function showState(text, look) {
    $('state').textContent = text;
    $('state').className = look;
}

async function refresh() {
    try {
        showList(await ask(`conversations?tail=${SHOWN}`));
        if (state.chosen)
            showConversation(await ask(`conversations/${state.chosen}?tail=${SHOWN}`));
        showFaults(await ask('faults'));
        showState('connected', 'good');
    } catch {
        showState('no answer', 'bad');
    }
}

async function poll() {
    if (!document.hidden)
        await refresh();
    setTimeout(poll, POLL_MS);
}

function choose(id) {
    state.chosen = id;
    refresh();
    $('text').focus();
}

// --- what the agent does

async function attempt(work) {
    try {
        await work();
        $('problem').textContent = '';
        await refresh();
        return true;
    } catch (error) {
        $('problem').textContent = error.message;
        return false;
    }
}

const act = (path, body) => attempt(() => ask(path, body));

function say(what) {
    const { integrationId, contact } = chosen();
    return ask('agent', { integrationId, to: contact, ...what });
}

const kind = () => KINDS[$('composer').elements.kind.value];

// Only the fields of what is sent are there.
function showFields() {
    $('more').replaceChildren(...kind().fields());
    $('text').required = kind() === KINDS.text;
}

async function send() {
    const text = $('text').value.trim();
    await say({ ...(text && { text }), ...await kind().order($('more')) });
}

$('composer').onsubmit = async (event) => {
    event.preventDefault();
    $('send').disabled = true;
    const isSent = await attempt(send);
    $('send').disabled = false;
    if (!isSent)
        return;
    $('composer').reset();
    showFields();
};
$('kinds').onchange = showFields;
$('text').onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing)
        return;
    event.preventDefault();
    $('composer').requestSubmit();
};
$('type').onclick = () => attempt(() => say({
    events: [{ eventType: 'Typing', typing: { type: 'On', duration: TYPING_MS } }],
}));
$('end').onclick = () => act('disconnect', { conversationId: state.chosen });

showFields();
poll();
