'use strict';
// What every page is made of: texts, figures with a caption and a table behind them, controls, and the frame around them.

const page = JSON.parse(document.getElementById('data').textContent);
// For whoever wants to look behind the charts: the data, and the Vega view of each chart that was drawn.
window.minigpt = { page, views: {} };

const text = (key, values = {}) => {
  if (!(key in page.texts)) throw new Error(`no text for ${key}`);
  return page.texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
};
const visible = s => s.replace(/ /g, '␣').replace(/\r?\n/g, '⏎').replace(/\t/g, '⇥');
// Japanese sentences follow each other without a space.
const sentences = (...all) => all.join(page.language === 'ja' ? '' : ' ');
// A number and its unit stay on one line.
const unbroken = s => s.replace(/(\d) (%|MB|KB|kB|GB)/g, '$1\u00a0$2');
const range = n => Array.from({ length: n }, (_, i) => i);
const percent = p => `${(100 * p).toFixed(p < 0.0995 ? 2 : 1)} %`;
// Of a number in the thousands nobody needs four decimals.
const number = x => x === null || x === undefined ? '' : (Number.isInteger(x) ? x.toLocaleString('en') : Math.abs(x) >= 1000 ? x.toLocaleString('en', { maximumFractionDigits: 1 }) : x.toFixed(4)).replace('-', '−');

function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'style') Object.assign(node.style, value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== null));
  return node;
}

// ---------- numbers that were packed

function bytes(base64) {
  const binary = atob(base64), result = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) result[i] = binary.charCodeAt(i);
  return result;
}
// Numbers that the page computed itself are not packed.
const floats = data => data instanceof Float32Array ? data : new Float32Array(bytes(data).buffer);

// Rows of a packed matrix [rows, columns].
function matrix(packed) {
  const [, columns] = packed.shape.slice(-2), all = floats(packed.data);
  return { shape: packed.shape, all, row: r => all.subarray(r * columns, (r + 1) * columns) };
}

// Rows of [matrices, queries, keys], or of lower triangles [matrices, T], whose rows reach up to the diagonal.
function packedRows(packed) {
  const [, queries, keys = null] = packed.shape, each = keys === null ? queries * (queries + 1) / 2 : queries * keys;
  const exact = packed.type === 'float32';
  const all = exact ? floats(packed.data) : bytes(packed.data), maxima = exact ? null : floats(packed.rowMaxima);
  return (m, r) => {
    const start = m * each + (keys === null ? r * (r + 1) / 2 : r * keys), part = all.subarray(start, start + (keys ?? r + 1));
    return exact ? part : Float32Array.from(part, share => share / 255 * maxima[m * queries + r]);
  };
}

// ---------- light and dark

const system = matchMedia('(prefers-color-scheme: dark)');
const theme = () => document.documentElement.dataset.theme;
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  figures.forEach(figure => figure.refresh());
}
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const headColours = ['#6366f1', '#f59e0b', '#10b981', '#ef4444', '#06b6d4', '#d946ef', '#84cc16', '#f97316', '#3b82f6', '#ec4899', '#14b8a6', '#a16207'];
const headColour = head => headColours[head % headColours.length];

function config() {
  const [ink, soft, line] = ['ink', 'soft', 'line'].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  const quiet = { labelColor: soft, titleColor: soft, titleFontWeight: 500, labelFont: font, titleFont: font, labelFontSize: 12, titleFontSize: 12 };
  return {
    background: 'transparent', font, view: { stroke: null },
    axis: { ...quiet, domain: false, tickColor: line, gridColor: line, labelLimit: 120 },
    legend: { ...quiet, gradientLength: 140, gradientThickness: 10 },
    title: { color: ink, font, fontSize: 13, fontWeight: 600, anchor: 'start' },
    bar: { color: colour('accent'), cornerRadiusEnd: 2 },
    text: { color: ink, font },
    range: { category: headColours },
  };
}
const shares = () => ['cold-0', 'cold-1', 'cold-2', 'cold-3'].map(colour);
const signed = () => ['negative', 'middle', 'positive'].map(colour);

// ---------- figures: a picture, a sentence that says what to look for, and a table behind it

const figures = [], mostTries = 3;
const seen = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const figure = figures.find(candidate => candidate.node === entry.target);
    figure.near = entry.isIntersecting;
    if (figure.near) figure.refresh();
  }
}, { rootMargin: '400px' });

// A formula: _x and ^x, or _{…} and ^{…}, are set lower and higher; what is in braces may have braces of its own.
function formulaNodes(formula) {
  return formula.split(/([_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|[\p{L}\p{N}]+))/u).map(part => /^[_^]./.test(part)
    ? el(part[0] === '_' ? 'sub' : 'sup', {}, ...formulaNodes(part.slice(1).replace(/^\{|\}$/g, '')))
    : part);
}

// draw(plot, width) returns a Vega-Lite specification, or fills the plot itself and returns nothing.
function figure(parent, key, { title = null, formula = null, look, controls = null, draw, table }) {
  const plot = el('div', { className: 'plot' });
  const caption = el('figcaption');
  const details = table ? el('details', { ontoggle: () => details.open && fillTable() }, el('summary', {}, text('ui.table')), el('div')) : null;
  const said = formula ? el('p', { className: 'formula' }, ...formulaNodes(formula)) : null;
  const node = el('figure', { id: key }, title ? el('h3', {}, title) : null, said, controls, plot, caption, details);
  parent.append(node);
  let drawing = 0, drawn = null;

  function fillTable() {
    const { columns, rows } = table();
    const copy = el('button', { onclick: () => copyText([columns, ...rows].map(row => row.join('\t')).join('\n'), copy) }, text('ui.copy'));
    const head = el('thead', {}, el('tr', {}, ...columns.map(name => el('th', {}, name))));
    const body = el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map(cell => el('td', {}, typeof cell === 'number' ? number(cell) : cell)))));
    details.lastChild.replaceChildren(el('div', { className: 'scroll' }, el('table', {}, head, body)), copy);
    reachOverflow(details);
    copy.style.marginTop = '.5rem';
  }

  const say = () => {
    caption.replaceChildren(el('b', {}, text('ui.look') + ' '), unbroken(typeof look === 'function' ? look() : look));
    linkWordsAgain(caption);
  };
  const stateOf = width => `${width} ${theme()}`;

  const self = {
    node, near: false, stale: true,
    // Says what to look for, draws what is quickly drawn, and keeps the room of a chart free: one that is drawn late moves nothing.
    prepare() {
      const width = Math.floor(plot.clientWidth);
      say();
      if (width === 0) return;
      const spec = draw(plot, width);
      if (spec) {
        plot.style.minHeight = `${heightOf(spec)}px`;
        return;
      }
      drawn = stateOf(width);
      self.stale = false;
      node.dataset.drawn = ++drawing;
      reachOverflow(node);
    },
    // Draws anew if anybody can see it, else when it comes into view.
    async refresh(changed = false) {
      const width = Math.floor(plot.clientWidth);
      const state = stateOf(width);
      self.stale ||= changed || drawn !== state;
      if (!self.near || !self.stale || width === 0) return;
      self.stale = false;
      drawn = state;
      const turn = ++drawing;
      say();
      if (details?.open) fillTable();
      const spec = draw(plot, width);
      if (!spec) {
        node.dataset.drawn = turn;
        reachOverflow(node);
        stayLanded();
        return;
      }
      const stage = el('div');
      stage.style.width = 'fit-content';
      const embed = content => vegaEmbed(stage, { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', description: title ?? node.closest('section')?.querySelector('h2')?.lastChild.textContent, ...content },
        { actions: false, renderer: 'canvas', config: config(), tooltip: { theme: theme() } });
      let result = await embed(spec);
      // How wide names and numbers beside the axes are is known once they are drawn: where they took more room than was guessed, the rest gets less.
      for (let tries = 0, room = width; tries < mostTries && turn === drawing && !spec.usermeta?.scrolls; tries++) {
        const excess = Math.ceil(parseFloat(stage.querySelector('canvas').style.width) - width);
        if (!(excess > 0) || room - excess < width / 2) break;
        result.finalize();
        result = await embed(draw(plot, room -= excess));
      }
      if (turn !== drawing) {
        result.finalize();
        return;
      }
      plot.style.minHeight = `${plot.clientHeight}px`;
      plot.replaceChildren(stage);
      plot.style.minHeight = '';
      window.minigpt.views[key]?.finalize();
      window.minigpt.views[key] = result.view;
      node.dataset.drawn = turn;
      reachOverflow(node);
      stayLanded();
    },
    change: () => self.refresh(true),
  };
  figures.push(self);
  seen.observe(node);
  return self;
}

// What is larger than its room can be scrolled by keyboard too.
function reachOverflow(root) {
  for (const node of root.querySelectorAll('.plot, .scroll, blockquote, .sample, .code, ol.tokens')) {
    if (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1) node.tabIndex = 0;
    else node.removeAttribute('tabindex');
  }
}

// About how high a chart will be, axes and legends included.
function heightOf(spec) {
  if (spec.vconcat) return spec.vconcat.reduce((sum, part) => sum + heightOf(part) + 20, -20);
  if (spec.hconcat) return Math.max(...spec.hconcat.map(heightOf));
  const { x, color } = spec.encoding ?? spec.layer?.[0].encoding ?? {};
  const names = spec.params?.find(param => param.name === 'columnNames')?.value ?? [];
  const axis = x?.axis === null ? 0 : (x?.axis?.labels === false ? 0 : x?.axis?.labelAngle === -90 ? 8 + Math.min(x.axis.labelLimit ?? 120, Math.max(0, ...names.map(name => widthOf(name, x.axis.labelFontSize)))) : x?.axis?.labelAngle ? 45 : 22) + (x?.title || x?.axis?.title ? 17 : 0);
  const legend = !color?.legend ? 0 : color.legend.orient === 'bottom' ? 44 : 25;
  return Math.ceil(spec.height + (spec.title ? 18 : 0) + axis + legend + 10);
}

// A place that was jumped to stays where it is, whatever is drawn above it, until the reader moves on.
let landed = null;
function land(target) {
  // A step of a walk is read with the buttons above it.
  landed = target?.closest('.story') ?? target;
  stayLanded();
}
const stayLanded = () => landed?.scrollIntoView({ block: 'start', behavior: 'instant' });
for (const move of ['wheel', 'touchmove', 'keydown', 'pointerdown']) addEventListener(move, () => landed = null, { passive: true });
addEventListener('hashchange', () => land(document.getElementById(decodeURIComponent(location.hash.slice(1)))));

async function copyText(content, button) {
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    const area = document.body.appendChild(el('textarea', { value: content }));
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  button.textContent = text('ui.copied');
}

let resizing = 0;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => figures.forEach(figure => figure.refresh()), 150);
});

// ---------- controls

function select(label, options, value, onchange) {
  const node = el('select', { onchange: () => onchange(node.value) }, ...options.map(([key, name]) => el('option', { value: key }, name)));
  node.value = value;
  return { node: el('label', {}, label, node), set: next => node.value = next };
}

function choice(options, value, onchange) {
  const buttons = options.map(([key, name]) => el('button', { type: 'button', onclick: () => set(key, true) }, name));
  const set = (next, tell = false) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', options[i][0] === next));
    if (tell) onchange(next);
  };
  set(value);
  return el('span', { className: 'group' }, ...buttons);
}

// A row of tokens, which can be chosen where onchoose says what happens then. paint(i) gives { background, title, below } of token i.
function tokenStrip(tokens, { chosen, onchoose = null, paint = () => ({}) }) {
  return el('div', { className: 'tokens' }, ...tokens.map((token, i) => {
    const { background = '', title = '', below = null } = paint(i);
    const choosing = onchoose ? { type: 'button', 'aria-current': String(i === chosen), onclick: () => onchoose(i) } : {};
    return el(onchoose ? 'button' : 'span', {
      className: i === chosen ? 'token chosen' : 'token', title, style: { background, color: background.startsWith('rgb') ? inkOn(background) : '' }, ...choosing,
    }, visible(token), below);
  }));
}
const rgbOf = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
const rgb = parts => `rgb(${parts.map(Math.round).join(', ')})`;
// A colour between nothing and the accent.
function tint(share, name = 'accent') {
  const [from, to] = ['faint', name].map(each => rgbOf(colour(each)));
  return rgb(from.map((part, i) => part + (to[i] - part) * Math.sqrt(share)));
}
// Black or white: the one that has more contrast with a colour (WCAG 2.2's relative luminance).
function inkOn(background) {
  const [r, g, b] = background.match(/\d+/g).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}

// ---------- the frame of a page

function frame({ kicker, title, intro, sections }) {
  document.title = title;
  const head = el('header', {}, el('div', {}, el('div', { className: 'kicker' }, kicker), el('h1', {}, title), ...intro));
  const links = sections.map(section => el('a', { href: `#${section.id}`, onclick: () => landed = document.getElementById(section.id) }, section.name));
  const switcher = el('button', { type: 'button', title: text('ui.theme'), 'aria-label': text('ui.theme'), onclick: () => setTheme(theme() === 'dark' ? 'light' : 'dark') }, '◐');
  const main = el('main');
  document.body.append(head, el('nav', {}, el('div', {}, el('div', { className: 'links' }, ...links), switcher)), main,
    el('footer', {}, text('ui.footer')));
  let number = 0;
  sections.forEach(({ id, name, lead, fill, isNumbered = true }) => {
    const section = el('section', { id }, el('h2', {}, isNumbered ? el('span', { className: 'number' }, `${++number}`) : null, name), lead ? el('p', { className: 'lead' }, unbroken(lead)) : null);
    main.append(section);
    fill(section);
  });
  figures.forEach(figure => figure.prepare());
  linkWords(main);
  reachOverflow(document);
  if (location.hash) land(document.getElementById(decodeURIComponent(location.hash.slice(1))));
}

document.documentElement.dataset.theme = system.matches ? 'dark' : 'light';
system.addEventListener('change', () => setTheme(system.matches ? 'dark' : 'light'));
