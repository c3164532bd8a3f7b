'use strict';
// What a model does with a sentence, in eight sections.

const it = page.content;
const model = it.model, size = model.config;
const words = it.tokens.map(token => it.texts[token.id]);
const shown = words.map(visible);
const numbered = shown.map((word, i) => `${i + 1} ${word}`);
// Where a word stands beside many others its number would only be in the way.
const axisNames = shown.length > 40 ? shown : numbered;
const nameOf = id => id in it.texts ? visible(it.texts[id]) : `#${id}`;
const T = words.length, layers = size.layers, heads = size.heads;
const weights = triangles(it.attention.weights);
const scored = it.attention.scores.shape[1], scores = floats(it.attention.scores.data);
const logits = matrix(it.generation.logits);

// The row of one query; layer and head may be 'mean'.
function attentionRow(layer, head, query) {
  const pick = (which, count) => which === 'mean' ? range(count) : [Number(which)];
  const chosen = pick(layer, layers).flatMap(l => pick(head, heads).map(h => l * heads + h));
  if (chosen.length === 1) return weights.row(chosen[0], query);
  const sum = new Float32Array(query + 1);
  for (const m of chosen) weights.row(m, query).forEach((weight, key) => sum[key] += weight / chosen.length);
  return sum;
}

const layerOptions = withMean => [...range(layers).map(l => [String(l), `${l + 1}`]), ...(withMean ? [['mean', text('ui.mean')]] : [])];
const headOptions = withMean => [...range(heads).map(h => [String(h), `${h + 1}`]), ...(withMean ? [['mean', text('ui.mean')]] : [])];

// ---------- 1: the way of the data

function wayOfTheData(section) {
  const V = size.vocabularySize, C = size.width;
  const last = it.predictions.positions[T - 1].likeliest.slice(0, 3);
  const first = list => list.slice(0, 8).join(' ') + (list.length > 8 ? ' …' : '');
  const step = (key, shape, content) => el('div', { className: 'step' },
    el('div', {}, el('b', {}, text(`flow.${key}`)), el('span', { className: 'shape' }, shape)), content instanceof Node ? content : el('div', {}, content));
  const arrow = () => el('div', { className: 'arrow' });
  const sizes = { T, V, C, layers, heads, headSize: size.headSize, wide: size.feedForwardWidth, context: size.context };
  const plus = key => el('div', { className: 'plus' }, el('b', {}, '+'), text(`flow.${key}`));

  figure(section, 'flow', {
    look: text('flow.look', sizes),
    draw(plot) {
      plot.replaceChildren(el('div', { className: 'flow' },
        step('text', text('flow.characters', { n: [...it.text].length }), el('div', { className: 'mono' }, `“${visible([...it.text].slice(0, 48).join(''))}${[...it.text].length > 48 ? '…' : ''}”`)), arrow(),
        step('tokens', `[T] = [${T}]`, el('div', { className: 'mono' }, first(shown.map(word => `‹${word}›`)))), arrow(),
        step('ids', `[T] = [${T}]`, el('div', { className: 'mono' }, first(it.tokens.map(token => token.id)))), arrow(),
        step('embedding', `[T, C] = [${T}, ${C}]`, text(size.positions === 'sinusoidal' ? 'flow.embedding.sinusoidal' : 'flow.embedding.about', sizes)), arrow(),
        el('div', { className: 'block' }, el('span', { className: 'times' }, text('flow.times', sizes)),
          el('div', { className: 'residual' }, step('attention', `${heads} × [T, ${size.headSize}]`, text('flow.attention.about', sizes))), plus('residual'),
          el('div', { className: 'residual' }, step('feed-forward', `${C} → ${size.feedForwardWidth} → ${C}`, text('flow.feed-forward.about', sizes))), plus('residual')), arrow(),
        step('logits', `[T, V] = [${T}, ${V}]`, text('flow.logits.about', sizes)), arrow(),
        step('probabilities', text('flow.behind-the-text'), el('div', { className: 'bars' }, ...last.flatMap(candidate => [
          el('span', { className: 'mono' }, nameOf(candidate.id)), el('i', { style: { width: `${100 * candidate.probability / last[0].probability}%` } }), el('span', {}, percent(candidate.probability))])))));
    },
    table: () => ({
      columns: [text('flow.stage'), text('flow.shape')],
      rows: [[text('flow.tokens'), `[${T}]`], [text('flow.embedding'), `[${T}, ${C}]`], ['q, k, v', `${heads} × [${T}, ${size.headSize}]`],
        [text('flow.weights'), `${layers} × ${heads} × [${T}, ${T}]`], [text('flow.feed-forward'), `[${T}, ${size.feedForwardWidth}]`], [text('flow.logits'), `[${T}, ${V}]`], [text('flow.parameters'), size.parameterCount.toLocaleString('en')]],
    }),
  });
}

// ---------- 2: tokens

function tokensSection(section) {
  figure(section, 'tokens', {
    look: text('tokens.look', { T, bytes: it.tokens.reduce((sum, token) => sum + token.bytes.split(' ').length, 0) }),
    draw: plot => plot.replaceChildren(tokenStrip(words, {
      onchoose: () => {},
      paint: i => ({ title: `${i + 1}: id ${it.tokens[i].id}, ${it.tokens[i].bytes}`, background: i % 2 ? 'var(--card)' : 'var(--faint)', below: el('small', {}, String(it.tokens[i].id), el('br'), it.tokens[i].bytes.length > 9 ? `${it.tokens[i].bytes.slice(0, 8)}…` : it.tokens[i].bytes) }),
    })),
    table: () => ({
      columns: [text('tokens.position'), text('tokens.token'), 'id', text('tokens.bytes')],
      rows: it.tokens.map((token, i) => [String(i + 1), shown[i], String(token.id), token.bytes]),
    }),
  });
}

// ---------- 3: embeddings

function embeddingSection(section) {
  const e = it.embedding, vectors = matrix(e.vectors), map = matrix(e.map), V = size.vocabularySize, C = size.width;
  let chosen = 0;
  const options = e.distinct.map((id, i) => [String(i), nameOf(id)]);
  const pickers = [];
  const pick = i => {
    chosen = Number(i);
    pickers.forEach(picker => picker.set(i));
    [oneHot, near].forEach(chart => chart.change());
  };
  const picker = () => {
    const made = select(text('ui.token'), options, String(chosen), pick);
    pickers.push(made);
    return el('div', { className: 'controls' }, made.node);
  };
  // Of a large vocabulary only the surroundings of the one are drawn.
  const windowOf = id => {
    const wide = Math.min(V, 200), start = Math.max(0, Math.min(V - wide, id - wide / 2));
    return range(wide).map(i => Math.floor(start) + i);
  };

  const oneHot = figure(section, 'one-hot', {
    title: text('one-hot.title'), controls: picker(),
    look: () => text('one-hot.look', { token: nameOf(e.distinct[chosen]), V, C }),
    draw(plot, width) {
      const id = e.distinct[chosen];
      const strip = (name, values, title, kind, x) => ({
        data: { name, values }, title, width: Math.max(120, width - 30), height: 62,
        mark: { type: 'bar', tooltip: true, cornerRadiusEnd: 0 },
        encoding: {
          x: { field: 'i', type: 'ordinal', scale: { paddingInner: 0.1 }, axis: { title: x, labels: false, ticks: false } },
          y: { field: 'v', type: 'quantitative', title: null, axis: { tickCount: 3 } },
          color: kind === 'one' ? { value: colour('warm') } : { condition: { test: 'datum.v < 0', value: colour('negative') }, value: colour('positive') },
          tooltip: [{ field: 'label', title: ' ' }, { field: 'v', title: text('ui.value'), format: '.4f' }],
        },
      });
      const ids = windowOf(id);
      return {
        vconcat: [
          strip('one-hot', ids.map(i => ({ i, v: i === id ? 1 : 0, label: `${i} ${nameOf(i)}` })), text('one-hot.upper', { V }), 'one',
            ids.length < V ? text('one-hot.window', { from: ids[0], to: ids[ids.length - 1] }) : text('one-hot.ids')),
          strip('vector', Array.from(vectors.row(chosen), (v, i) => ({ i, v, label: `d${i + 1}` })), text('one-hot.lower', { C }), 'vector', text('one-hot.dimensions')),
        ],
      };
    },
    table: () => ({ columns: [text('one-hot.dimensions'), text('ui.value')], rows: Array.from(vectors.row(chosen), (v, i) => [`d${i + 1}`, v]) }),
  });

  const points = e.mapIds.map((id, i) => ({ id, name: nameOf(id), x: map.row(i)[0], y: map.row(i)[1], inText: e.distinct.includes(id) }));
  figure(section, 'map', {
    title: text('map.title'), look: text('map.look', { share: percent(e.shares[0] + e.shares[1]) }),
    draw(plot, width) {
      const axis = (component, share) => ({ title: text('map.axis', { component, share: percent(share) }), grid: true, tickCount: 5 });
      const encoding = { x: { field: 'x', type: 'quantitative', scale: { zero: false }, axis: axis(1, e.shares[0]) }, y: { field: 'y', type: 'quantitative', scale: { zero: false }, axis: axis(2, e.shares[1]) }, tooltip: [{ field: 'name', title: text('ui.token') }, { field: 'id' }] };
      const labelled = points.length <= 150;
      return {
        width: Math.max(160, width - 60), height: Math.min(440, Math.max(280, width * 0.6)), data: { name: 'map', values: points },
        layer: [
          { transform: [{ filter: '!datum.inText' }], mark: labelled ? { type: 'text', fontSize: 12, color: colour('soft') } : { type: 'circle', size: 14, opacity: 0.4, color: colour('soft') }, encoding: { ...encoding, ...(labelled ? { text: { field: 'name' } } : {}) } },
          { transform: [{ filter: 'datum.inText' }], mark: { type: 'circle', size: 330, opacity: 0.18, color: colour('accent') }, encoding },
          { transform: [{ filter: 'datum.inText' }], mark: { type: 'text', fontSize: 13, fontWeight: 700, color: colour('accent') }, encoding: { ...encoding, text: { field: 'name' } } },
        ],
      };
    },
    table: () => ({ columns: [text('ui.token'), 'id', 'x', 'y', text('map.in-text')], rows: points.map(p => [p.name, String(p.id), p.x, p.y, p.inText ? '●' : '']) }),
  });

  const near = figure(section, 'neighbours', {
    title: text('neighbours.title'), controls: picker(), look: () => text('neighbours.look', { token: nameOf(e.distinct[chosen]) }),
    draw: (plot, width) => lyingBars({ name: 'neighbours', values: e.neighbours[chosen].map((n, i) => ({ i, name: nameOf(n.id), v: n.cosine })), width, format: '.2f', title: text('neighbours.cosine') }),
    table: () => ({ columns: [text('ui.token'), text('neighbours.nearest'), text('neighbours.cosine')], rows: e.distinct.flatMap((id, i) => e.neighbours[i].map(n => [nameOf(id), nameOf(n.id), n.cosine])) }),
  });
}

// ---------- 4: positions

function positionSection(section) {
  const tables = { table: matrix(it.positions.table), waves: matrix(it.positions.waves) };
  const [positions, dimensions] = it.positions.table.shape;
  let which = size.positions === 'sinusoidal' ? 'waves' : 'table', first = 0;
  const charts = [];
  const switcher = () => choice([['table', text('positions.own')], ['waves', text('positions.sinusoidal')]], which, next => {
    which = next;
    charts.forEach(chart => chart.change());
  });
  const cells = () => range(positions).flatMap(r => Array.from(tables[which].row(r), (v, c) => ({ r, c, v, row: `${r}`, column: `d${c + 1}` })));
  const table = () => ({ columns: [text('tokens.position'), ...range(dimensions).map(c => `d${c + 1}`)], rows: range(positions).map(r => [`${r}`, ...tables[which].row(r)]) });
  const groups = range(Math.ceil(dimensions / 6)).map(g => [String(6 * g), `d${6 * g + 1}–d${Math.min(dimensions, 6 * g + 6)}`]);
  const dimensionsPicker = select(text('positions.dimensions'), groups, '0', next => {
    first = Number(next);
    charts[0].change();
  });
  charts.push(figure(section, 'position-lines', {
    title: text('positions.lines'), controls: el('div', { className: 'controls' }, switcher(), dimensionsPicker.node), look: text('positions.lines.look'),
    draw: (plot, width) => lines({
      name: 'position-lines', width, x: text('tokens.position'), y: text('ui.value'), order: range(6).map(i => `d${first + i + 1}`).filter((_, i) => first + i < dimensions),
      values: range(positions).flatMap(r => Array.from(tables[which].row(r).slice(first, first + 6), (y, c) => ({ x: r, y, line: `d${first + c + 1}` }))),
    }),
    table,
  }));
  charts.push(figure(section, 'position-map', {
    title: text('positions.map'), controls: el('div', { className: 'controls' }, switcher()), look: text('positions.map.look'),
    draw(plot, width) {
      const all = cells(), largest = all.reduce((most, d) => Math.max(most, Math.abs(d.v)), 0);
      return {
        width: Math.max(160, width - 60), height: Math.min(420, positions * 5), data: { name: 'position-map', values: all }, mark: { type: 'rect', tooltip: true },
        encoding: {
          x: { field: 'c', type: 'ordinal', axis: { title: text('one-hot.dimensions'), values: thinned(dimensions, (width - 60) / dimensions, 28), labelAngle: 0, labelOverlap: true, labelExpr: "'d' + (datum.value + 1)", ticks: false } },
          y: { field: 'r', type: 'ordinal', axis: { title: text('tokens.position'), values: thinned(positions, Math.min(420, positions * 5) / positions, 24), ticks: false } },
          color: { field: 'v', type: 'quantitative', scale: { domain: [-largest, 0, largest], range: signed(), interpolate: 'rgb' }, legend: { orient: 'bottom', title: text('ui.value') } },
          tooltip: [{ field: 'row', title: text('tokens.position') }, { field: 'column', title: ' ' }, { field: 'v', title: text('ui.value'), format: '.4f' }],
        },
      };
    },
    table,
  }));
}

// Charts that show one state, and menus that choose it: what is chosen in one menu is chosen in all of its kind.
function linked(state) {
  const charts = [], selects = [];
  const set = change => {
    Object.assign(state, change);
    selects.forEach(({ kind, control }) => control.set(state[kind]));
    charts.forEach(chart => chart.change());
  };
  const picker = (kind, options) => {
    const control = select(text(`ui.${kind}`), options, state[kind], value => set({ [kind]: value }));
    selects.push({ kind, control });
    return control.node;
  };
  return { charts, set, picker };
}

// ---------- 5: attention

function attentionSection(section) {
  const state = { layer: '0', head: '0', query: T - 1 };
  const { charts, set, picker } = linked(state);
  const both = () => el('div', { className: 'controls' }, picker('layer', layerOptions(true)), picker('head', headOptions(true)));
  const named = which => which === 'mean' ? text('ui.mean') : String(Number(which) + 1);
  window.minigpt.showAttention = (layer, head, query = state.query) => set({ layer: String(layer), head: String(head), query });

  charts.push(figure(section, 'attention-map', {
    title: text('attention.map'), controls: both(), look: () => text('attention.map.look', { layer: named(state.layer), head: named(state.head) }),
    draw: (plot, width) => heatmap({
      name: 'attention', rows: axisNames, columns: axisNames, width, kind: 'shares', title: [text('attention.query'), text('attention.key')], unit: text('attention.weight'), sums: true,
      cells: range(T).flatMap(r => Array.from(attentionRow(state.layer, state.head, r), (v, c) => ({ r, c, v, row: numbered[r], column: numbered[c] }))),
    }),
    table: () => ({ columns: [text('attention.query'), ...numbered], rows: range(T).map(r => [numbered[r], ...Array.from(attentionRow(state.layer, state.head, r)), ...Array(T - r - 1).fill('')]) }),
  }));

  charts.push(figure(section, 'attention-follow', {
    title: text('attention.follow'), controls: both(), look: () => text('attention.follow.look', { token: shown[state.query] }),
    draw(plot) {
      const row = attentionRow(state.layer, state.head, state.query), most = Math.max(...row);
      plot.replaceChildren(tokenStrip(words, {
        chosen: state.query, onchoose: query => set({ query }),
        paint: i => i > state.query ? { background: 'transparent', title: text('attention.hidden') } : { background: tint(row[i] / most), strength: Math.sqrt(row[i] / most), title: `${numbered[i]}: ${percent(row[i])}` },
      }));
    },
    table: () => ({ columns: [text('attention.key'), text('attention.weight')], rows: Array.from(attentionRow(state.layer, state.head, state.query), (v, i) => [numbered[i], v]) }),
  }));

  charts.push(figure(section, 'attention-heads', {
    title: text('attention.heads'), controls: el('div', { className: 'controls' }, picker('layer', layerOptions(true))), look: () => text('attention.heads.look', { token: shown[state.query] }),
    draw(plot) {
      const rows = range(heads).map(head => attentionRow(state.layer, head, state.query));
      const most = rows.map(row => Math.max(...row));
      const legend = el('div', { className: 'chips' }, ...range(heads).map(h => el('span', {}, el('i', { style: { background: headColour(h) } }), text('ui.head-n', { n: h + 1 }))));
      plot.replaceChildren(legend, tokenStrip(words, {
        chosen: state.query, onchoose: query => set({ query }),
        paint: i => ({
          background: 'transparent', title: i > state.query ? text('attention.hidden') : range(heads).map(h => `${h + 1}: ${percent(rows[h][i])}`).join('\n'),
          below: el('span', { className: 'heads', style: { gridTemplateColumns: `repeat(${Math.min(heads, 6)}, 7px)` } }, ...range(heads).map(h => el('i', { style: { background: headColour(h), opacity: i > state.query ? 0.04 : Math.max(0.06, Math.sqrt(rows[h][i] / most[h])) } }))),
        }),
      }));
    },
    table: () => ({ columns: [text('attention.key'), ...range(heads).map(h => text('ui.head-n', { n: h + 1 }))], rows: range(state.query + 1).map(i => [numbered[i], ...range(heads).map(h => attentionRow(state.layer, h, state.query)[i])]) }),
  }));
}

// ---------- 6: mask and scale

const softmax = row => {
  const most = Math.max(...row), shares = row.map(x => Math.exp(x - most)), sum = shares.reduce((a, b) => a + b, 0);
  return shares.map(x => x / sum);
};

function maskSection(section) {
  const state = { layer: '0', head: '0', stage: 'scores', query: String(scored - 1) };
  const root = Math.sqrt(size.headSize), names = numbered.slice(0, scored);
  const raw = (r, c) => scores[((Number(state.layer) * heads + Number(state.head)) * scored + r) * scored + c];
  const at = {
    scores: raw, scaled: (r, c) => raw(r, c) / root, masked: (r, c) => c > r ? null : raw(r, c) / root,
    weights: (r, c) => c > r ? null : softmax(range(r + 1).map(k => raw(r, k) / root))[c],
  };
  const { charts, set, picker } = linked(state);
  const stages = ['scores', 'scaled', 'masked', 'weights'].map((stage, i) => [stage, `${i + 1} ${text(`mask.${stage}`)}`]);

  charts.push(figure(section, 'mask', {
    title: text('mask.title'),
    controls: el('div', { className: 'controls' }, choice(stages, state.stage, stage => set({ stage })), picker('layer', layerOptions(false)), picker('head', headOptions(false))),
    look: () => text(`mask.${state.stage}.look`, { root: root.toFixed(2), d: size.headSize, hidden: scored * (scored - 1) / 2, all: scored * scored }),
    draw: (plot, width) => heatmap({
      name: 'mask', rows: names, columns: names, width, kind: state.stage === 'weights' ? 'shares' : 'signed', title: [text('attention.query'), text('attention.key')],
      unit: text(state.stage === 'weights' ? 'attention.weight' : 'mask.score'), digits: state.stage === 'weights' ? 2 : 1, cells: cellsOf(names, names, at[state.stage]),
    }),
    table: () => ({ columns: [text('attention.query'), ...names], rows: names.map((name, r) => [name, ...names.map((_, c) => at[state.stage](r, c))]) }),
  }));

  const rows = () => {
    const row = range(Number(state.query) + 1).map(c => raw(Number(state.query), c));
    return [[text('scaling.without'), softmax(row)], [text('scaling.with', { root: root.toFixed(2) }), softmax(row.map(x => x / root))]];
  };
  charts.push(figure(section, 'scaling', {
    title: text('scaling.title'),
    controls: el('div', { className: 'controls' }, picker('query', names.map((name, i) => [String(i), name])), picker('layer', layerOptions(false)), picker('head', headOptions(false))),
    look: () => text('scaling.look', { d: size.headSize, root: root.toFixed(2), without: percent(Math.max(...rows()[0][1])), with: percent(Math.max(...rows()[1][1])) }),
    draw(plot, width) {
      const groups = rows().map(([name]) => name);
      return {
        params: [{ name: 'names', value: names }],
        data: { name: 'scaling', values: rows().flatMap(([group, shares]) => shares.map((v, i) => ({ i, name: names[i], v, group }))) },
        width: Math.max(160, width - 60), height: 200, mark: { type: 'bar' },
        encoding: {
          x: { field: 'i', type: 'ordinal', axis: { title: text('attention.key'), labelExpr: 'names[datum.value]', labelAngle: -45, ticks: false } },
          xOffset: { field: 'group', sort: groups },
          y: { field: 'v', type: 'quantitative', title: null, axis: { format: '.0%' } },
          color: { field: 'group', type: 'nominal', sort: groups, scale: { domain: groups, range: [colour('warm'), colour('accent')] }, legend: { orient: 'top', title: null } },
          tooltip: [{ field: 'name', title: text('attention.key') }, { field: 'group', title: ' ' }, { field: 'v', title: text('attention.weight'), format: '.4f' }],
        },
      };
    },
    table: () => ({ columns: [text('attention.key'), ...rows().map(([name]) => name)], rows: range(Number(state.query) + 1).map(i => [names[i], ...rows().map(([, shares]) => shares[i])]) }),
  }));
}

// ---------- 7: predictions

function predictionSection(section) {
  const p = it.predictions.positions;
  // What is chosen is the place of a token; the prediction for it was made at the place before. T is the place behind the text.
  let place = T;
  const charts = [];
  const choose = next => {
    if (next === 0) return;
    place = next;
    charts.forEach(chart => chart.change());
  };
  const strip = [...words, '?'];
  const losses = range(T).map(i => i === 0 ? null : p[i - 1].loss), most = Math.max(1, ...losses.filter(loss => loss !== null));
  const mean = T > 1 ? losses.slice(1).reduce((a, b) => a + b, 0) / (T - 1) : 0;

  charts.push(figure(section, 'loss', {
    title: text('loss.title'), look: () => T > 1 ? text('loss.look', { mean: mean.toFixed(3), perplexity: Math.exp(mean).toFixed(1), V: size.vocabularySize }) : text('loss.short'),
    draw: plot => plot.replaceChildren(tokenStrip(strip, {
      chosen: place, onchoose: choose,
      paint: i => i === 0 || i === T ? { background: 'transparent', title: text(i === 0 ? 'loss.first' : 'loss.behind') }
        : { background: tint(losses[i] / most, 'warm'), strength: Math.sqrt(losses[i] / most), title: `${text('loss.loss')} ${losses[i].toFixed(3)}, p = ${percent(p[i - 1].probability)}, ${text('next.rank')} ${p[i - 1].rank}` },
    })),
    table: () => ({ columns: [text('ui.token'), text('loss.loss'), 'p', text('next.rank')], rows: range(T).slice(1).map(i => [numbered[i], p[i - 1].loss, p[i - 1].probability, String(p[i - 1].rank)]) }),
  }));

  charts.push(figure(section, 'next', {
    title: text('next.title'),
    look: () => place === T ? text('next.look.behind') : text('next.look', { token: shown[place], rank: p[place - 1].rank, share: percent(p[place - 1].probability) }),
    draw: (plot, width) => lyingBars({ name: 'next', width, values: p[place - 1].likeliest.map((c, i) => ({ i, name: nameOf(c.id), v: c.probability, mark: place < T && c.id === it.tokens[place].id })) }),
    table: () => ({
      columns: [text('ui.token'), text('next.rank'), ...range(10).map(i => `${i + 1}`)],
      rows: p.map((prediction, i) => [i + 1 < T ? numbered[i + 1] : '?', prediction.rank === null ? '' : String(prediction.rank), ...prediction.likeliest.map(c => `${nameOf(c.id)} ${percent(c.probability)}`)]),
    }),
  }));

  const lens = it.predictions.lens, depths = lens.map((_, depth) => text(depth === 0 ? 'lens.embedding' : 'lens.after', { depth }));
  figure(section, 'lens', {
    title: text('lens.title'), look: text('lens.look', { layers }),
    draw(plot, width) {
      const cell = Math.max(T > 120 ? 14 : 26, Math.min(44, (width - 110) / T)), columns = range(T);
      const values = lens.flatMap((row, r) => row.likeliest.map((c, i) => ({ r, c: i, v: c.probability, name: nameOf(c.id), depth: depths[r], after: numbered[i], right: i + 1 < T && c.id === it.tokens[i + 1].id })));
      const axis = { x: { field: 'c', type: 'ordinal', scale: { domain: columns }, axis: { orient: 'top', title: text('lens.behind'), labelExpr: 'columnNames[datum.value]', labelAngle: Math.max(...shown.map(word => word.length)) > 2 ? -90 : 0, ticks: false } }, y: { field: 'r', type: 'ordinal', sort: 'descending', axis: { title: null, labelExpr: 'depthNames[datum.value]', ticks: false } } };
      return {
        params: [{ name: 'columnNames', value: shown }, { name: 'depthNames', value: depths }], data: { name: 'lens', values }, width: cell * T, height: 30 * lens.length,
        layer: [
          { mark: { type: 'rect', cornerRadius: 2, stroke: colour('card'), strokeWidth: 2 }, encoding: { ...axis, color: { field: 'v', type: 'quantitative', scale: { type: 'sqrt', domain: [0, 0.1, 0.4, 1], range: shares(), interpolate: 'rgb' }, legend: { orient: 'bottom', title: text('lens.probability'), format: '.0%' } }, tooltip: [{ field: 'after', title: text('lens.behind') }, { field: 'depth', title: ' ' }, { field: 'name', title: text('ui.token') }, { field: 'v', title: 'p', format: '.1%' }] } },
          { transform: [{ filter: 'datum.right' }], mark: { type: 'rect', cornerRadius: 2, filled: false, stroke: colour('warm'), strokeWidth: 2 }, encoding: axis },
          { mark: { type: 'text', fontSize: 12, limit: cell }, encoding: { ...axis, text: { field: 'name' }, color: { condition: { test: 'datum.v > 0.25', value: theme() === 'dark' ? '#12131a' : '#ffffff' }, value: colour('ink') } } },
        ],
      };
    },
    table: () => ({ columns: [text('lens.behind'), ...depths, ...depths.map(depth => `${text('next.rank')}: ${depth}`)], rows: range(T).map(i => [numbered[i], ...lens.map(row => `${nameOf(row.likeliest[i].id)} ${percent(row.likeliest[i].probability)}`), ...lens.map(row => row.ranks[i] === null ? '' : String(row.ranks[i]))]) }),
  });
}

// ---------- 8: generation

// What the sampler draws from: temperature, then the k likeliest, then the fewest that together reach p.
function reshape(row, { temperature, topK, topP }) {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const order = range(row.length).sort((a, b) => row[b] - row[a] || a - b);
  if (temperature === 0) return row.map((_, id) => id === order[0] ? 1 : 0);
  const shares = Float64Array.from(row, x => Math.exp((x - most) / temperature));
  const keep = order.slice(0, topK ?? row.length);
  const total = keep.reduce((sum, id) => sum + shares[id], 0);
  let reached = 0, kept = 0;
  while (kept < keep.length && (kept === 0 || reached < topP * total)) reached += shares[keep[kept++]];
  const result = new Float64Array(row.length);
  for (const id of keep.slice(0, kept)) result[id] = shares[id] / reached;
  return result;
}
window.minigpt.reshape = reshape;

function generationSection(section) {
  const g = it.generation, V = size.vocabularySize, steps = g.chosen.length;
  const state = { step: 0, temperature: 1, topK: V, topP: 1 };
  const kSteps = [...new Set([...range(Math.min(V, 50)).map(i => i + 1), ...range(20).map(i => Math.round(50 * Math.pow(V / 50, (i + 1) / 20))).filter(k => k > 50), V])].filter(k => k <= V).sort((a, b) => a - b);
  const outputs = {};
  const slider = (name, min, max, step, value, show, read = Number) => {
    const output = el('output', {}, show(value));
    const input = el('input', { type: 'range', id: `slider-${name}`, min, max, step, value: read === Number ? value : max, oninput() {
      state[name] = read(input.value);
      output.textContent = show(state[name]);
      chart.change();
    } });
    outputs[name] = output;
    return [el('label', { htmlFor: `slider-${name}` }, text(`generation.${name}`)), input, output];
  };
  const sliders = el('div', { className: 'sliders' },
    ...slider('temperature', 0, 2, 0.05, 1, value => value === 0 ? text('generation.greedy') : value.toFixed(2)),
    ...slider('topK', 0, kSteps.length - 1, 1, V, value => value === V ? text('generation.all') : String(value), index => kSteps[Number(index)]),
    ...slider('topP', 0.05, 1, 0.01, 1, value => value === 1 ? text('generation.all') : value.toFixed(2)));
  const sofar = el('div', { className: 'sofar mono' });
  const stepPicker = select(text('generation.step'), range(steps).map(i => [String(i), `${i + 1}`]), '0', value => {
    state.step = Number(value);
    chart.change();
  });
  const now = () => reshape(logits.row(state.step), state);
  const plain = () => reshape(logits.row(state.step), { temperature: 1, topK: V, topP: 1 });
  const entropy = shares => shares.reduce((sum, p) => p > 0 ? sum - p * Math.log2(p) : sum, 0);
  window.minigpt.distribution = now;

  const chart = figure(section, 'generation', {
    controls: el('div', {}, el('div', { className: 'controls' }, stepPicker.node), sofar, sliders),
    look: () => {
      const shares = now();
      return text('generation.look', { kept: shares.filter(p => p > 0).length, V, before: entropy(plain()).toFixed(2), after: entropy(shares).toFixed(2), chosen: nameOf(g.chosen[state.step]), temperature: g.temperature, share: percent(shares[g.chosen[state.step]]) });
    },
    draw(plot, width) {
      const made = g.written[state.step];
      sofar.replaceChildren([...it.text].slice(-60).join(''), ...(made ? [el('mark', {}, made)] : []), '▁');
      const before = plain(), after = now(), groups = [text('generation.before'), text('generation.after')];
      const top = range(V).sort((a, b) => before[b] - before[a] || a - b).slice(0, Math.min(V, 16));
      return lyingBars({ name: 'generation', width, groups, format: '.0%', domain: [0, Math.max(0.05, ...before, ...after)],
        values: top.flatMap((id, i) => [{ i, id, name: nameOf(id), v: before[id], group: groups[0] }, { i, id, name: nameOf(id), v: after[id], group: groups[1] }]) });
    },
    table: () => {
      const before = plain(), after = now();
      return { columns: [text('ui.token'), 'id', 'logit', text('generation.before'), text('generation.after')], rows: range(V).sort((a, b) => before[b] - before[a]).slice(0, 200).map(id => [nameOf(id), String(id), logits.row(state.step)[id], before[id], after[id]]) };
    },
  });
}

frame({
  kicker: text('explain.kicker'), title: text('explain.title', { model: model.name }),
  intro: [el('blockquote', { id: 'sentence' }, it.text), el('ul', { className: 'facts' }, ...[
    ['explain.parameters', size.parameterCount.toLocaleString('en')], ['explain.layers', layers], ['explain.heads', heads], ['explain.width', size.width],
    ['explain.context', size.context], ['explain.vocabulary', size.vocabularySize.toLocaleString('en')], ['explain.tokens', T],
  ].map(([key, value]) => el('li', {}, text(key) + ' ', el('b', {}, String(value)))))],
  sections: [['way', wayOfTheData], ['tokens', tokensSection], ['embedding', embeddingSection], ['positions', positionSection], ['attention', attentionSection], ['mask', maskSection], ['predictions', predictionSection], ['generation', generationSection]]
    .map(([name, fill]) => ({ id: `section-${name}`, name: text(`section.${name}`), lead: text(`section.${name}.lead`), fill })),
});
