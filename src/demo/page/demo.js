// The demo's page: hears what happens from the demo's server, and tells it what is done.
import { Phone } from './phone.js';
import { Way } from './way.js';

const $ = (id) => document.getElementById(id);

async function post(path, body = {}) {
    try {
        const answer = await fetch(path, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify(body),
        });
        const { detail, message } = answer.ok ? {} : await answer.json();
        $('problem').textContent = answer.ok ? '' : detail ?? message ?? `answered ${answer.status}`;
    } catch {
        $('problem').textContent = 'The demo does not answer.';
    }
}

const phone = new Phone({ say: (body) => post('say', body) });
const way = new Way({ replay: () => post('play/replay') });
let hello = null;

function greet(event) {
    if (hello && hello.run !== event.run) {
        location.reload(); // another demo runs here now
        return;
    }
    if (!hello)
        $('desk').src = event.emulator;
    hello = event;
    way.start(event);
}

const show = (text, look) => {
    $('link').textContent = text;
    $('link').className = look;
};

// What the page was told before it came is shown as it ended, without a picture of the way.
function hear(event) {
    if (event.what === 'hello') {
        greet(event);
        return;
    }
    const isPast = event.at < hello.at;
    if (event.what === 'problem')
        $('problem').textContent = isPast ? '' : event.text;
    phone[event.what]?.(event, isPast);
    way[event.what]?.(event, isPast);
}

const feed = new EventSource('events');
feed.onopen = () => show('live', 'good');
feed.onerror = () => show('the demo has ended', 'bad');
feed.onmessage = ({ data }) => hear(JSON.parse(data));

for (const button of document.querySelectorAll('[data-play]'))
    button.onclick = () => post(`play/${button.dataset.play}`);
