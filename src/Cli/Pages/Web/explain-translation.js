'use strict';
// A translation: whom each token looks at in the source, and how the translation was found.

// ---------- source and translation

function sourceSection(section) {
  const state = { layer: ofSource.layers > 1 ? 'mean' : '0', head: 'mean' };
  const { charts, set, picker } = linked(state);
  const controls = () => el('div', { className: 'controls' }, picker('layer', numberOptions(ofSource.layers, true)), picker('head', numberOptions(ofSource.heads, true)));
  const row = r => ofSource.row(state.layer, state.head, r);
  const strongest = r => {
    const weights = Array.from(row(r)), v = Math.max(...weights);
    return { r, c: weights.indexOf(v), v };
  };
  window.minigpt.showSource = (layer, head) => set({ layer: String(layer), head: String(head) });
  window.minigpt.alignment = () => range(written.length).map(r => strongest(r).c);

  charts.push(figure(section, 'alignment', {
    title: text('alignment.title'), controls: controls(), look: text('alignment.look'),
    draw(plot, width) {
      // Beside each other where there is room, else below each other.
      const longest = Math.max(...[...sentence.shown, ...written.shown].map(word => 1.08 * widthOf(word, 14))), most = Math.max(T, written.length);
      const step = Math.max(26, longest + 16), isFlat = step * most <= width - 20;
      const along = i => (i + 0.5) * (isFlat ? Math.min(90, (width - 20) / most) : 27), far = isFlat ? 150 : Math.max(60, Math.min(width - 2 * longest - 40, 420));
      const at = (i, side) => isFlat ? { x: along(i), y: side * far } : { x: side * far, y: along(i) };
      const links = range(written.length).map(strongest).map(({ r, c, v }) => ({ ...at(c, 0), x2: at(r, 1).x, y2: at(r, 1).y, v, from: written.numbered[r], to: sentence.numbered[c] }));
      const labels = [...sentence.shown.map((name, i) => ({ ...at(i, 0), name, side: 0 })), ...written.shown.map((name, i) => ({ ...at(i, 1), name, side: 1 }))];
      const end = along(most - 0.5), size = isFlat ? { width: end, height: far } : { width: far, height: end };
      const scale = (most, isUp) => ({ scale: { domain: isUp ? [most, 0] : [0, most], nice: false, zero: false }, axis: null });
      const x = { field: 'x', type: 'quantitative', ...scale(size.width) }, y = { field: 'y', type: 'quantitative', ...scale(size.height, true) };
      const label = side => ({
        transform: [{ filter: `datum.side === ${side}` }], encoding: { x, y, text: { field: 'name' } },
        mark: { type: 'text', fontSize: 14, fontWeight: 600, color: side === 0 ? colour('ink') : colour('accent'), ...(isFlat ? { dy: side === 0 ? -12 : 14 } : { dx: side === 0 ? -8 : 8, align: side === 0 ? 'right' : 'left' }) },
      });
      return {
        ...size,
        layer: [
          { data: { name: 'alignment', values: links }, mark: { type: 'rule', color: colour('accent'), strokeCap: 'round' }, encoding: {
            x, y, x2: { field: 'x2' }, y2: { field: 'y2' }, strokeWidth: { field: 'v', type: 'quantitative', scale: { domain: [0, 1], range: [1, 7] }, legend: null }, opacity: { field: 'v', type: 'quantitative', scale: { domain: [0, 1], range: [0.25, 1] }, legend: null },
            tooltip: [{ field: 'from', title: text('source.writes') }, { field: 'to', title: text('source.looks-at') }, { field: 'v', title: text('attention.weight'), format: '.1%' }],
          } },
          { data: { values: labels }, layer: [label(0), label(1)] },
        ],
      };
    },
    table: () => ({ columns: [text('source.writes'), text('source.looks-at'), text('attention.weight')], rows: range(written.length).map(strongest).map(({ r, c, v }) => [written.numbered[r], sentence.numbered[c], v]) }),
  }));

  charts.push(figure(section, 'source-map', {
    title: text('source.map'), controls: controls(), look: text('source.map.look'),
    draw: (plot, width) => heatmap({
      name: 'source-map', rows: written.axis, columns: sentence.axis, width, kind: 'shares', title: [text('source.writes'), text('source.looks-at')], unit: text('attention.weight'),
      cells: range(written.length).flatMap(r => Array.from(row(r), (v, c) => ({ r, c, v, row: written.numbered[r], column: sentence.numbered[c] }))),
    }),
    table: () => ({ columns: [text('source.writes'), ...sentence.numbered], rows: range(written.length).map(r => [written.numbered[r], ...Array.from(row(r))]) }),
  }));
}

// ---------- beams

// The beginnings that the search looked at, each below the one that it goes on with.
function searchTree() {
  const root = { depth: 0, fate: 'kept', sum: 0, score: 0, ids: [], children: [], isBest: true };
  const nodes = [root], best = translation.found[0];
  let beams = [root];
  for (const step of translation.search) {
    const next = [];
    for (const candidate of step) {
      const parent = beams[candidate.from], ids = [...parent.ids, candidate.id];
      const node = { ...candidate, parent, ids, depth: parent.depth + 1, children: [], probability: Math.exp(candidate.sum - parent.sum) };
      parent.children.push(node);
      nodes.push(node);
      if (candidate.fate === 'kept') next.push(node);
    }
    beams = next;
  }
  const right = best.isComplete ? [...best.ids, translation.endId] : best.ids;
  for (const node of nodes) node.isBest = node.fate !== 'dropped' && node.ids.length <= right.length && node.ids.every((id, i) => id === right[i]);
  // What was followed to the last step and never ended.
  for (const beam of beams) if (beam.fate === 'kept') beam.isOpen = true;
  return { root, nodes };
}

// Gives each node of a tree a line: the first child stands beside its parent, the others below it, as far up as what stands there lets them
// (Reingold and Tilford 1981). Says how many lines there are.
function placeTree(root, isShown) {
  const order = node => {
    const children = node.children.filter(isShown), inner = children.filter(child => child.children.some(isShown));
    const first = children.find(child => child.isBest) ?? inner[0] ?? children[0];
    return children.length === 0 ? [] : [first, ...children.filter(child => child !== first && !inner.includes(child)), ...inner.filter(child => child !== first)];
  };
  // The first and last line of a subtree at each depth, counted from its own line.
  const outline = node => {
    const top = [0], bottom = [0];
    let line = 0;
    order(node).forEach((child, place) => {
      const below = outline(child);
      line = place === 0 ? 0 : Math.max(line + 1, ...below.top.map((first, depth) => (bottom[depth + 1] ?? -Infinity) - first + 1));
      child.below = line;
      below.bottom.forEach((last, depth) => {
        bottom[depth + 1] = Math.max(bottom[depth + 1] ?? -Infinity, line + last);
        top[depth + 1] = Math.min(top[depth + 1] ?? Infinity, line + below.top[depth]);
      });
    });
    return { top, bottom };
  };
  const lines = Math.max(...outline(root).bottom) + 1;
  const place = (node, line) => {
    node.line = line;
    order(node).forEach(child => place(child, line + child.below));
  };
  place(root, 0);
  return lines;
}

function beamSection(section) {
  const { root, nodes } = searchTree();
  window.minigpt.searchTree = nodes;
  const state = { shown: 'all' };
  const { charts, set } = linked(state);
  const textOf = node => wholeCharacters([node.ids.map(id => it.texts[id]).join('')])[0];
  for (const node of nodes) node.name = visible(wholeCharacters(node.ids.map(id => it.texts[id])).at(-1) ?? '');
  const counts = { beams: translation.beams, steps: translation.search.length, looked: nodes.length - 1, dropped: nodes.filter(node => node.fate === 'dropped').length };

  charts.push(figure(section, 'beams', {
    title: text('beams.title'), controls: el('div', { className: 'controls' }, choice([['all', text('beams.all')], ['kept', text('beams.kept')]], state.shown, next => set({ shown: next }))),
    look: text('beams.look', counts),
    draw() {
      const isShown = node => state.shown === 'all' || node.fate !== 'dropped';
      const lines = placeTree(root, isShown);
      const labelOf = node => node === root ? text('beams.begin') : `${node.name} ${percent(node.probability)}`;
      const shownNodes = nodes.filter(isShown), depth = Math.max(...shownNodes.map(node => node.depth));
      // Each step is as wide as its longest label, and lines fan out behind it.
      const gap = 26, labelWidth = node => widthOf(labelOf(node)) + 10;
      const wide = range(depth + 1).map(d => gap + Math.max(...shownNodes.filter(node => node.depth === d).map(labelWidth)));
      const start = range(depth + 2).map(d => wide.slice(0, d).reduce((a, b) => a + b, 0)), width = start[depth + 1], height = 22 * lines, yOf = node => 22 * (node.line + 0.5);
      const fates = { best: colour('accent'), ended: colour('good'), kept: colour('ink'), dropped: colour('soft') };
      const fateOf = node => node.isBest ? 'best' : node.fate;
      const values = shownNodes.map(node => ({
        x: start[node.depth], y: yOf(node), label: labelOf(node), fate: fateOf(node), what: node === root ? '' : text(`beams.fate.${node.isOpen && !node.isBest ? 'open' : fateOf(node)}`), text: textOf(node), sum: node.sum, score: node.score,
      }));
      const edges = shownNodes.filter(node => node.parent).flatMap((node, edge) => [
        { x: start[node.parent.depth] + labelWidth(node.parent), y: yOf(node.parent) }, { x: start[node.depth] - gap, y: yOf(node.parent) }, { x: start[node.depth], y: yOf(node) },
      ].map((point, i) => ({ ...point, i, edge, fate: fateOf(node) })));
      const x = { field: 'x', type: 'quantitative', scale: { domain: [0, width], nice: false }, axis: null }, y = { field: 'y', type: 'quantitative', scale: { domain: [height, 0], nice: false }, axis: null };
      const color = { field: 'fate', type: 'nominal', scale: { domain: Object.keys(fates), range: Object.values(fates) }, legend: null };
      const tooltip = [{ field: 'text', title: text('beams.text') }, { field: 'what', title: ' ' }, { field: 'sum', title: text('beams.sum'), format: '.4f' }, { field: 'score', title: text('beams.score'), format: '.4f' }];
      const strong = { condition: { test: "datum.fate === 'dropped'", value: 0.75 }, value: 1 };
      return {
        usermeta: { scrolls: true }, width, height, data: { name: 'beams', values },
        layer: [
          { data: { name: 'edges', values: edges }, mark: { type: 'line', interpolate: 'linear', strokeJoin: 'round' }, encoding: { x, y, order: { field: 'i' }, detail: { field: 'edge' }, color, opacity: { condition: { test: "datum.fate === 'dropped'", value: 0.35 }, value: 0.9 }, strokeWidth: { condition: { test: "datum.fate === 'best'", value: 3 }, value: 1.2 } } },
          { mark: { type: 'text', align: 'left', dx: 4, fontSize: 12 }, encoding: { x, y, text: { field: 'label' }, color, opacity: strong, tooltip } },
        ],
      };
    },
    table: () => ({
      columns: [text('generation.step'), text('beams.text'), 'p', text('beams.sum'), text('beams.score'), text('beams.fate')],
      rows: nodes.slice(1).map(node => [String(node.depth), textOf(node), node.probability, node.sum, node.score, text(`beams.fate.${node.isOpen && !node.isBest ? 'open' : node.isBest ? 'best' : node.fate}`)]),
    }),
  }));

  figure(section, 'found', {
    title: text('found.title'), look: text('found.look'),
    // A score is a mean of logarithms: as a mean of probabilities, the longer bar is the better translation.
    draw: plot => plot.replaceChildren(el('div', { className: 'found' }, ...translation.found.map((found, i) => el('div', {},
      el('div', {}, found.text || '∅', found.isComplete ? '' : ' …'), el('div', { className: 'share' }, el('i', { style: { width: `${70 * Math.exp(found.score) / Math.exp(translation.found[0].score)}%`, background: i === 0 ? 'var(--accent)' : 'var(--soft)' } }), el('span', {}, `${percent(Math.exp(found.score))} (${number(found.score)})`)))))),
    table: () => ({ columns: [text('beams.text'), text('beams.score'), text('found.mean')], rows: translation.found.map(found => [found.text, found.score, Math.exp(found.score)]) }),
  });
}
