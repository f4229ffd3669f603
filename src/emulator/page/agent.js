// The agent's page: asks the emulator again and again and shows what it says.
import { clock, element } from './element.js';
import { message, nameOf } from './talk.js';

const SHOWN = 200;
const POLL_MS = 400;
const TYPING_MS = 5000;

const $ = (id) => document.getElementById(id);
const state = {
    chosen: null, list: [], listed: '', shown: '', isAtEnd: true,
    read: new Map(), names: new Map(), ids: new Set(),
};

async function ask(path, body) {
    const response = await fetch(`_emulator/${path}`, body === undefined ? {} : {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok)
        throw new Error(answer.message ?? `HTTP ${response.status}`);
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

function showTimeline(conversation) {
    const box = $('timeline');
    const isOther = box.dataset.id !== conversation.id;
    const timeline = conversation.timeline.filter(({ body }) => !body.events);
    const shown = JSON.stringify([conversation.id, timeline]);
    if (shown === state.shown)
        return; // so that a screen reader says each message once
    state.shown = shown;
    box.dataset.id = conversation.id;
    box.replaceChildren(...timeline.map((item) => (
        message(item, !isOther && !state.ids.has(item.id)))));
    state.ids = new Set(timeline.map(({ id }) => id));
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

async function act(path, body) {
    try {
        await ask(path, body);
        $('problem').textContent = '';
        await refresh();
        return true;
    } catch (error) {
        $('problem').textContent = error.message;
        return false;
    }
}

function say(what) {
    const { integrationId, contact } = chosen();
    return act('agent', { integrationId, to: contact, ...what });
}

const value = (id) => $(id).value.trim();
const buttons = () => value('options').split('\n').map((line) => line.trim()).filter(Boolean);

const KINDS = { // what to send: how its content is made
    text: () => [],
    replies: () => buttons().map((text) => ({
        contentType: 'QuickReply', quickReply: { text, payload: text, action: 'Message' } })),
    card: () => (value('title') === '' ? [] : [{
        contentType: 'Card',
        card: {
            title: value('title'),
            ...(value('description') && { description: value('description') }),
            actions: buttons().map((text) => ({ type: 'Postback', text, payload: text })),
        },
    }]),
};

$('composer').onsubmit = async (event) => {
    event.preventDefault();
    const { kind } = $('composer').elements;
    const content = KINDS[kind.value]();
    const text = value('text');
    if ((!text && content.length === 0) ||
        !(await say({ ...(text && { text }), ...(content.length > 0 && { content }) })))
        return;
    $('composer').reset();
};
$('text').onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing)
        return;
    event.preventDefault();
    $('composer').requestSubmit();
};
$('type').onclick = () => say({
    events: [{ eventType: 'Typing', typing: { type: 'On', duration: TYPING_MS } }],
});
$('end').onclick = () => act('disconnect', { conversationId: state.chosen });

poll();
