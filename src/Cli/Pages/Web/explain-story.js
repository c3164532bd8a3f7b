'use strict';
// One walk through a decoder, step by step: what happens to the last token of the text, in this model's own numbers.

// Sentences in which *a word* that is explained is set apart.
const paragraphs = (key, values = {}) => page.texts[key].split('\n').map(sentence => el('p', {}, ...sentence.split(/\*([^*]+)\*/).map((part, i) => {
  const filled = part.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  return i % 2 ? el('dfn', {}, filled) : filled;
})));
const said = (key, values) => el('p', { className: 'said' }, text(key, values));

// As the tables of the story write a number: its sentences do too.
const short = value => value.toFixed(2).replace('-', '−');

// A few rows of numbers in colour, relative to the largest. rows: [{ name, values, extra, isResult }]; whole: how many numbers a row really has.
// Extra cells stand apart at the right: shares in colour, or plain numbers.
function numbersTable({ key, caption, rows, columns = null, extra = [], areShares = false, whole = null }) {
  const wide = Math.max(0, ...rows.map(row => row.values.length)), largest = Math.max(1e-30, ...rows.flatMap(row => row.values.map(Math.abs)));
  const cell = (value, className, shown, share = 0) => {
    const node = el('td', { className }, shown);
    node.style.setProperty('--share', share.toFixed(3));
    node.dataset.value = value;
    return node;
  };
  const valueCell = value => cell(value, value < 0 ? 'cell negative' : 'cell positive', short(value), Math.abs(value) / largest);
  const extraCell = value => value === undefined ? el('td') : areShares ? cell(value, 'cell share', percent(value), value) : cell(value, 'extra', short(value));
  const names = columns ?? range(wide).map(i => `${i + 1}`), isCut = whole !== null && whole > wide;
  const table = el('table', { className: 'numbers', id: `story-${key}` },
    el('caption', {}, caption),
    el('thead', {}, el('tr', {}, el('td'), ...names.map(name => el('th', { scope: 'col' }, name)), ...(isCut ? [el('td', {}, `… ${whole}`)] : []), ...extra.map(name => el('th', { scope: 'col' }, name)))),
    el('tbody', {}, ...rows.map(row => el('tr', { className: row.isResult ? 'result' : '' }, el('th', { scope: 'row' }, row.name),
      ...row.values.map(valueCell), ...(isCut ? [el('td', {}, '…')] : []), ...extra.map((_, i) => extraCell(row.extra?.[i]))))));
  return el('div', { className: 'scroll', role: 'region', 'aria-label': caption }, table);
}

// Shares as bars with their numbers.
const shareBars = (key, items) => el('div', { className: 'shares', id: `story-${key}` }, ...items.flatMap(({ name, share, isChosen }) => [
  el('span', { className: 'mono' }, name), el('i', { className: isChosen ? 'chosen' : '', style: { width: `${Math.max(0.5, 100 * share / items[0].share)}%` } }),
  Object.assign(el('span', {}, percent(share)), { className: 'number' })]));

// The steps by their names, each a function that makes what it shows.
function storySteps() {
  const story = it.story, shownNames = story.shown.map(position => numbered[position]), lastName = shown[T - 1];
  return {
    text: () => [...paragraphs('story.text'), el('blockquote', {}, it.text)],

    tokens: () => [
      ...paragraphs('story.tokens', { V: size.vocabularySize.toLocaleString('en'), T, last: lastName }),
      el('ol', { className: 'tokens plain' }, ...words.map((word, i) => el('li', { className: story.shown.includes(i) ? 'token chosen' : 'token' }, visible(word), el('small', {}, String(it.sentence.tokens[i].id))))),
      ...(words.some(word => /\s/.test(word)) ? [said('story.tokens.spaces')] : []),
      ...(T > story.shown.length ? [said('story.tokens.shown', { n: story.shown.length, last: lastName })] : []),
    ],

    vectors: () => [
      ...paragraphs('story.vectors', { C: size.width }), ...paragraphs(`story.vectors.${size.positions}`),
      ...(story.tokenPart ? [numbersTable({ key: 'sum', caption: text('story.vectors.sum', { last: lastName }), whole: size.width, rows: [
        { name: text('story.vectors.token'), values: story.tokenPart }, { name: text('story.vectors.position', { n: T }), values: story.positionPart },
        { name: '=', values: story.vectors.at(-1), isResult: true }] })] : []),
      numbersTable({ key: 'vectors', caption: text('story.vectors.all'), whole: size.width, rows: shownNames.map((name, i) => ({ name, values: story.vectors[i] })) }),
      said('story.colours'),
    ],

    query: () => {
      const best = story.scores.indexOf(Math.max(...story.scores));
      return [
        ...paragraphs('story.query'), ...(size.positions === 'rotary' ? paragraphs('story.query.rotary') : []),
        ...paragraphs('story.query.heads', { heads, layers, head: story.head + 1 }),
        numbersTable({ key: 'query', caption: text('story.query.query', { last: lastName }), whole: size.headSize, rows: [{ name: numbered[T - 1], values: story.query }] }),
        numbersTable({ key: 'keys', caption: text('story.query.keys'), whole: size.headSize, extra: [text('story.query.score')], rows: shownNames.map((name, i) => ({ name, values: story.keys[i], extra: [story.scores[i]] })) }),
        said('story.query.said', { D: size.headSize, last: lastName, best: shownNames[best], score: short(story.scores[best]) }),
      ];
    },

    weights: () => {
      const root = Math.sqrt(size.headSize), best = story.weights.indexOf(Math.max(...story.weights)), others = T - story.shown.length;
      return [
        ...paragraphs('story.weights', { D: size.headSize, root: root.toFixed(2) }),
        numbersTable({ key: 'scores', caption: text('story.weights.scores'), columns: [text('story.query.score'), text('story.weights.divided', { root: root.toFixed(2) })], rows: shownNames.map((name, i) => ({ name, values: [story.scores[i], story.scores[i] / root] })) }),
        shareBars('weights', [...story.weights.keys()].map(i => ({ name: shownNames[i], share: story.weights[i] })).sort((a, b) => b.share - a.share)),
        ...(others > 0 ? [said('story.weights.others', { n: others, share: percent(story.otherWeight) })] : []),
        said('story.weights.said', { last: lastName, best: shownNames[best], share: percent(story.weights[best]) }),
      ];
    },

    sum: () => [
      ...paragraphs('story.sum'),
      numbersTable({ key: 'values', caption: text('story.sum.values'), whole: size.headSize, extra: [text('story.sum.weight')], areShares: true,
        rows: [...shownNames.map((name, i) => ({ name, values: story.values[i], extra: [story.weights[i]] })), { name: text('story.sum.result'), values: story.headOutput, isResult: true }] }),
      ...paragraphs('story.sum.back', { C: size.width, last: lastName }),
      numbersTable({ key: 'attended', caption: text('story.sum.added', { last: lastName }), whole: size.width, rows: [
        { name: text('story.before'), values: story.vectors.at(-1) }, { name: text('story.sum.attention'), values: story.attended },
        ...(story.afterAttention ? [{ name: '=', values: story.afterAttention, isResult: true }] : [])] }),
    ],

    'feed-forward': () => [
      ...paragraphs('story.feed-forward', { C: size.width, F: size.feedForwardWidth }),
      numbersTable({ key: 'fed', caption: text('story.feed-forward.added', { last: lastName }), whole: size.width, rows: [
        ...(story.afterAttention ? [{ name: text('story.before'), values: story.afterAttention }] : []), { name: text('story.feed-forward.name'), values: story.feedForward },
        { name: text('story.feed-forward.after'), values: story.stream[1], isResult: true }] }),
    ],

    layers: () => {
      const depths = range(layers + 1).filter(depth => layers <= 12 || depth === layers || depth % Math.ceil(layers / 11) === 0);
      return [
        ...paragraphs(layers > 1 ? 'story.layers' : 'story.layers.one', { layers }), ...paragraphs('story.layers.norm'),
        numbersTable({ key: 'stream', caption: text('story.layers.stream', { last: lastName }), whole: size.width,
          rows: depths.map(depth => ({ name: depth === 0 ? text('story.layers.start') : text('story.layers.after', { n: depth }), values: story.stream[depth], isResult: depth === layers })) }),
      ];
    },

    logits: () => [
      ...paragraphs('story.logits', { V: size.vocabularySize.toLocaleString('en'), last: lastName }),
      numbersTable({ key: 'hidden', caption: text('story.logits.hidden', { last: lastName }), whole: size.width, rows: [{ name: numbered[T - 1], values: story.hidden }] }),
      numbersTable({ key: 'candidates', caption: text('story.logits.rows', { n: story.candidates.length }), whole: size.width, extra: [text('story.logits.logit')],
        rows: story.candidates.map((id, i) => ({ name: nameOf(id), values: story.candidateRows[i], extra: [story.logits[i]] })) }),
    ],

    choice: () => {
      const place = it.predictions.places[T - 1], chosen = it.generation.chosen[0], first = place.likeliest[0];
      return [
        ...paragraphs('story.choice', { V: size.vocabularySize.toLocaleString('en'), n: place.likeliest.length, temperature: it.generation.temperature }),
        shareBars('choice', place.likeliest.map(candidate => ({ name: nameOf(candidate.id), share: candidate.probability, isChosen: candidate.id === chosen }))),
        said('story.choice.said', { first: nameOf(first.id), share: percent(first.probability), chosen: nameOf(chosen) }),
        ...paragraphs('story.choice.again'),
      ];
    },
  };
}

function storySection(section) {
  const parts = storySteps(), keys = Object.keys(parts), count = keys.length;
  const steps = keys.map((key, i) => el('div', { className: 'story-step', id: `story-${i + 1}`, hidden: true }, el('h3', {}, `${i + 1}. ${text(`story.${key}.title`)}`), ...parts[key]()));
  const go = step => location.hash = `story-${Math.max(1, Math.min(count, step))}`;
  const back = el('button', { type: 'button', id: 'story-back', onclick: () => go(at - 1) }, `← ${text('story.back')}`);
  const next = el('button', { type: 'button', id: 'story-next', onclick: () => go(at + 1) }, `${text('story.next')} →`);
  const where = el('span', { role: 'status', className: 'where' });
  const links = keys.map((key, i) => el('a', { href: `#story-${i + 1}`, title: text(`story.${key}.title`), 'aria-label': text('story.step', { n: i + 1, title: text(`story.${key}.title`) }) }, String(i + 1)));
  const box = el('div', { className: 'card story', id: 'story' }, el('div', { className: 'story-bar' }, back, where, next), el('div', { className: 'story-dots' }, ...links), ...steps);
  let at = 0;
  const show = step => {
    at = step;
    steps.forEach((node, i) => node.hidden = i + 1 !== at);
    links.forEach((link, i) => i + 1 === at ? link.setAttribute('aria-current', 'step') : link.removeAttribute('aria-current'));
    [back.disabled, next.disabled] = [at === 1, at === count];
    where.textContent = text('story.where', { n: at, count });
    reachOverflow(box);
  };
  const stepOf = hash => Number(/^#story-(\d+)$/.exec(hash)?.[1]) || null;
  const follow = () => {
    const step = stepOf(location.hash);
    if (step === null || step > count) return;
    show(step);
    land(box);
  };
  section.append(box);
  show(Math.min(count, stepOf(location.hash) ?? 1));
  addEventListener('hashchange', follow);
  addEventListener('keydown', event => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key], { top, bottom } = box.getBoundingClientRect();
    const isTaken = event.target.closest('input, select, textarea, .scroll, .tokens') || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    // Only while the reader is with the story: further down arrows are for what stands there.
    if (!step || isTaken || bottom < 0 || top > innerHeight || at + step < 1 || at + step > count) return;
    event.preventDefault();
    go(at + step);
  });
  window.minigpt.story = { go, at: () => at, count };
}
