'use strict';
// How text goes in: the path of the data, tokens, embeddings and positions.

// ---------- the path of the data

function wayOfTheData(section) {
  const V = size.vocabularySize, C = size.width, S = T;
  const first = list => list.slice(0, 8).join(' ') + (list.length > 8 ? ' …' : '');
  const step = (key, shape, content) => el('div', { className: 'step' },
    el('div', {}, el('b', {}, text(`flow.${key}`)), el('span', { className: 'shape' }, shape)), content instanceof Node ? content : el('div', {}, content));
  const arrow = () => el('div', { className: 'arrow' });
  const sizes = { T, V, C, layers, heads, headSize: size.headSize, wide: size.feedForwardWidth, context: size.context };
  const plus = key => el('div', { className: 'plus' }, el('b', {}, '+'), text(`flow.${key}`));
  // Either each branch begins with a norm, and the way ends with one, or each sum is normed.
  const normed = about => size.normsFirst ? sentences(text('flow.normalise'), about) : about;
  const branch = (key, shape, about) => [el('div', { className: 'residual' }, step(key, shape, normed(about))), plus(size.normsFirst ? 'residual' : 'residual-norm')];
  const block = (name, count, ...parts) => el('div', { className: 'block' }, el('span', { className: 'times' }, text(name, { layers: count })), ...parts.flat());
  const feedForward = () => branch('feed-forward', `${C} → ${size.feedForwardWidth} → ${C}`, text('flow.feed-forward.about', sizes));
  const attention = (count, length, about) => branch('attention', `${count} × [${length}, ${count === heads ? size.headSize : C / count}]`, text(about, { ...sizes, heads: count, headSize: count === heads ? size.headSize : C / count }));
  const likeliest = () => {
    const place = kind === 'decoder' ? it.predictions.places[T - 1] : it.predictions.places[0], last = place.likeliest.slice(0, 3);
    return step('probabilities', textOfKind('flow.behind-the-text'), el('div', { className: 'bars' }, ...last.flatMap(candidate => [
      el('span', { className: 'mono' }, nameOf(candidate.id)), el('i', { style: { width: `${100 * candidate.probability / last[0].probability}%` } }), el('span', {}, percent(candidate.probability))])));
  };
  const embeds = size.positions === 'learned' || size.positions === 'sinusoidal';
  const input = [
    step('text', text('flow.characters', { n: [...it.text].length }), el('div', { className: 'mono' }, `“${visible([...it.text].slice(0, 48).join(''))}${[...it.text].length > 48 ? '…' : ''}”`)), arrow(),
    step('tokens', `[T] = [${T}]`, el('div', { className: 'mono' }, first(shown.map(word => `‹${word}›`)))), arrow(),
    step('ids', `[T] = [${T}]`, el('div', { className: 'mono' }, first(it.sentence.tokens.map(token => token.id)))), arrow(),
    step(embeds ? 'embedding' : 'embedding-alone', `[T, C] = [${T}, ${C}]`, sentences(text(`flow.embedding.${size.positions}`, { ...sizes, V: it.sourceTexts ? size.sourceVocabularySize : V }), ...(size.segments > 0 ? [text('flow.embedding.segments', { segments: size.segments, C })] : []))), arrow(),
  ];
  const output = [arrow(), step('logits', `[T, V] = [${translation ? read.length : T}, ${V}]`, normed(text('flow.logits.about', sizes))),
    ...(it.predictions.places.length > 0 ? [arrow(), likeliest()] : [])];
  const middle = translation
    ? [block('flow.encoder-times', size.sourceLayers, attention(size.sourceHeads, S, 'flow.attention.about.encoder'), feedForward()), arrow(),
      step('encoded', `[T, C] = [${S}, ${C}]`, text('flow.encoded.about', sizes)), arrow(),
      block('flow.decoder-times', layers, attention(heads, read.length, 'flow.attention.about'), branch('source-attention', `${heads} × [${read.length}, ${S}]`, text('flow.source-attention.about', sizes)), feedForward())]
    : [block('flow.times', layers, attention(heads, T, kind === 'encoder' ? 'flow.attention.about.encoder' : 'flow.attention.about'), feedForward())];

  figure(section, 'flow', {
    look: textOfKind('flow.look', sizes),
    draw: plot => plot.replaceChildren(el('div', { className: 'flow' }, ...input, ...middle, ...output)),
    table: () => ({
      columns: [text('flow.stage'), text('flow.shape')],
      rows: [[text('flow.tokens'), `[${T}]`], [text('flow.embedding'), `[${T}, ${C}]`], ['q, k, v', `${own.heads} × [${T}, ${size.headSize}]`],
        [text('flow.weights'), `${own.layers} × ${own.heads} × [${T}, ${T}]`],
        ...(translation ? [[text('flow.source-attention'), `${ofSource.layers} × ${ofSource.heads} × [${read.length}, ${T}]`]] : []),
        [text('flow.feed-forward'), `[${T}, ${size.feedForwardWidth}]`], [text('flow.logits'), `[${translation ? read.length : T}, ${V}]`], [text('flow.parameters'), size.parameterCount.toLocaleString('en')]],
    }),
  });
}

// ---------- tokens

function tokensSection(section) {
  tokensFigure(section, 'tokens', it.sentence, sentence);
  if (translation) tokensFigure(section, 'target-tokens', translation.sequence, read);
}

function tokensFigure(section, key, sequence, { words, shown }) {
  const { tokens, segments } = sequence;
  const bytesOf = token => token.bytes.length > 9 ? `${token.bytes.slice(0, 8)}…` : token.bytes;
  const segment = i => segments.length > 0 ? [el('br'), text('tokens.segment', { n: segments[i] })] : [];
  figure(section, key, {
    title: translation ? text(`${key}.title`) : null,
    look: translation ? text(`${key}.look.translator`, { T: tokens.length }) : textOfKind('tokens.look', { T: tokens.length, bytes: tokens.reduce((sum, token) => sum + token.bytes.split(' ').length, 0) }),
    draw: plot => plot.replaceChildren(tokenStrip(words, {
      paint: i => ({ title: `${i + 1}: id ${tokens[i].id}, ${tokens[i].bytes}`, background: i % 2 ? 'var(--card)' : 'var(--faint)', below: el('small', {}, String(tokens[i].id), el('br'), bytesOf(tokens[i]), ...segment(i)) }),
    })),
    table: () => ({
      columns: [text('tokens.position'), text('tokens.token'), 'id', text('tokens.bytes'), ...(segments.length > 0 ? [text('tokens.segments')] : [])],
      rows: tokens.map((token, i) => [String(i + 1), shown[i], String(token.id), token.bytes, ...(segments.length > 0 ? [String(segments[i])] : [])]),
    }),
  });
}

// ---------- embeddings

function embeddingSection(section) {
  const e = it.embedding, vectors = matrix(e.vectors), map = matrix(e.map), V = it.sourceTexts ? size.sourceVocabularySize : size.vocabularySize, C = size.width;
  let chosen = 0;
  const options = e.distinct.map((id, i) => [String(i), nameOfSource(id)]);
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
    look: () => text('one-hot.look', { token: nameOfSource(e.distinct[chosen]), V, C }),
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
          strip('one-hot', ids.map(i => ({ i, v: i === id ? 1 : 0, label: `${i} ${nameOfSource(i)}` })), text('one-hot.upper', { V }), 'one',
            ids.length < V ? text('one-hot.window', { from: ids[0], to: ids[ids.length - 1] }) : text('one-hot.ids')),
          strip('vector', Array.from(vectors.row(chosen), (v, i) => ({ i, v, label: `d${i + 1}` })), text('one-hot.lower', { C }), 'vector', text('one-hot.dimensions')),
        ],
      };
    },
    table: () => ({ columns: [text('one-hot.dimensions'), text('ui.value')], rows: Array.from(vectors.row(chosen), (v, i) => [`d${i + 1}`, v]) }),
  });

  const points = e.mapIds.map((id, i) => ({ id, name: nameOfSource(id), x: map.row(i)[0], y: map.row(i)[1], inText: e.distinct.includes(id) }));
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
    title: text('neighbours.title'), controls: picker(), look: () => text('neighbours.look', { token: nameOfSource(e.distinct[chosen]) }),
    draw: (plot, width) => lyingBars({ name: 'neighbours', values: e.neighbours[chosen].map((n, i) => ({ i, name: nameOfSource(n.id), v: n.cosine })), width, format: '.2f', title: text('neighbours.cosine') }),
    table: () => ({ columns: [text('ui.token'), text('neighbours.nearest'), text('neighbours.cosine')], rows: e.distinct.flatMap((id, i) => e.neighbours[i].map(n => [nameOfSource(id), nameOfSource(n.id), n.cosine])) }),
  });
}

// ---------- positions

function positionSection(section) {
  if (it.rotation) rotationFigures(section);
  else if (it.positions) positionTable(section);
  else section.append(el('p', { id: 'no-positions' }, text('positions.none')));
}

function positionTable(section) {
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
          x: { field: 'c', type: 'ordinal', axis: { title: text('one-hot.dimensions'), values: thinned(dimensions, (width - 60) / dimensions, widthOf(`d${dimensions}`) + 8), labelAngle: 0, labelOverlap: true, labelExpr: "'d' + (datum.value + 1)", ticks: false } },
          y: { field: 'r', type: 'ordinal', axis: { title: text('tokens.position'), values: thinned(positions, Math.min(420, positions * 5) / positions, 24), ticks: false } },
          color: { field: 'v', type: 'quantitative', scale: { domain: [-largest, 0, largest], range: signed(), interpolate: 'rgb' }, legend: { orient: 'bottom', title: text('ui.value') } },
          tooltip: [{ field: 'row', title: text('tokens.position') }, { field: 'column', title: ' ' }, { field: 'v', title: text('ui.value'), format: '.4f' }],
        },
      };
    },
    table,
  }));
}
