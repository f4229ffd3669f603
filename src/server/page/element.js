// How all pages make their elements: no markup is ever parsed, so texts stay texts.
const SVG = 'http://www.w3.org/2000/svg';

export function element(tag, className, ...content) {
    const made = document.createElement(tag);
    if (className)
        made.className = className;
    made.append(...content);
    return made;
}

export function icon(name) {
    const made = document.createElementNS(SVG, 'svg');
    const use = document.createElementNS(SVG, 'use');
    made.setAttribute('class', 'icon');
    made.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', `page/icons.svg#${name}`);
    made.append(use);
    return made;
}

export function clock(time) {
    return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
