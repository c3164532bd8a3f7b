'use strict';
// Two texts side by side, token against token: what is different in how their tokens look at each other.

function againstSection(section) {
  const second = namedSequence(it.against.sequence.tokens.map(token => token.id));
  const ofSecond = attentionOf(it.against.sequence.attention, second, second);
  // What stands at a place in both texts; where they differ, both names.
  const both = range(T).map(i => shown[i] === second.shown[i] ? shown[i] : `${shown[i]} | ${second.shown[i]}`), names = both.map((name, i) => `${i + 1} ${name}`);
  const differs = range(T).map(i => shown[i] !== second.shown[i]);
  const difference = (layer, head, query) => {
    const [a, b] = [own, ofSecond].map(attention => attention.row(layer, head, query));
    return Array.from(a, (weight, key) => weight - b[key]);
  };
  // How much of its attention a token gives to others than in the first text: half of what the shares moved by.
  const moved = (layer, head, query) => difference(layer, head, query).reduce((sum, d) => sum + Math.abs(d), 0) / 2;
  const movedOf = range(layers).map(layer => range(heads).map(head => range(T).reduce((sum, query) => sum + moved(layer, head, query), 0) / T));
  const most = range(layers * heads).reduce((best, i) => movedOf[Math.floor(i / heads)][i % heads] > movedOf[Math.floor(best / heads)][best % heads] ? i : best, 0);
  const rowMost = () => range(T).reduce((best, query) => moved(state.layer, state.head, query) > moved(state.layer, state.head, best) ? query : best, 0);
  const state = { layer: String(Math.floor(most / heads)), head: String(most % heads) };
  const { charts, set, picker } = linked(state);
  const named = which => which === 'mean' ? text('ui.mean') : String(Number(which) + 1);
  window.minigpt.showAgainst = (layer, head) => set({ layer: String(layer), head: String(head) });
  window.minigpt.againstDifference = difference;

  charts.push(figure(section, 'against-texts', {
    title: text('against.texts'), look: text(differs.includes(true) ? 'against.texts.look' : 'against.texts.same', { n: differs.filter(d => d).length, T }),
    draw: plot => plot.replaceChildren(...[[words, it.text], [second.words, it.against.text]].map(([tokens, whole]) => el('div', { className: 'pair' }, el('p', { className: 'quiet' }, whole),
      el('div', { className: 'tokens' }, ...tokens.map((token, i) => el('span', { className: differs[i] ? 'token chosen' : 'token' }, visible(token))))))),
    table: () => ({ columns: [text('tokens.position'), text('against.first'), text('against.second')], rows: range(T).map(i => [String(i + 1), shown[i], second.shown[i]]) }),
  }));

  charts.push(figure(section, 'against-heads', {
    title: text('against.heads'), look: text('against.heads.look', { layer: Math.floor(most / heads) + 1, head: most % heads + 1, share: percent(movedOf[Math.floor(most / heads)][most % heads]) }),
    draw: (plot, width) => heatmap({
      name: 'against-heads', rows: range(layers).map(l => `${l + 1}`), columns: range(heads).map(h => `${h + 1}`), width, kind: 'shares', title: [text('ui.layer'), text('ui.head')], unit: text('against.moved'),
      cells: cellsOf(range(layers).map(l => text('against.layer-n', { n: l + 1 })), range(heads).map(h => text('ui.head-n', { n: h + 1 })), (l, h) => movedOf[l][h]),
    }),
    table: () => ({ columns: [text('ui.layer'), ...range(heads).map(h => text('ui.head-n', { n: h + 1 }))], rows: range(layers).map(l => [String(l + 1), ...movedOf[l]]) }),
  }));

  charts.push(figure(section, 'against-map', {
    title: text('against.map'), controls: el('div', { className: 'controls' }, picker('layer', numberOptions(own.layers, true)), picker('head', numberOptions(own.heads, true))),
    look: () => text('against.map.look', { layer: named(state.layer), head: named(state.head), token: both[rowMost()], share: percent(moved(state.layer, state.head, rowMost())) }),
    draw: (plot, width) => heatmap({
      name: 'against-map', rows: both.length > 40 ? both : names, columns: both.length > 40 ? both : names, width, kind: 'signed', title: [text('attention.query'), text('attention.key')], unit: text('against.difference'),
      cells: range(T).flatMap(r => difference(state.layer, state.head, r).map((v, c) => ({ r, c, v, row: names[r], column: names[c] }))),
    }),
    table: () => ({ columns: [text('attention.query'), ...names], rows: range(T).map(r => [names[r], ...difference(state.layer, state.head, r)]) }),
  }));

  if (kind === 'decoder') patchingFigure(section, { both, names, differs });
}

// Which position and depth carries the difference of what may come next: vectors of the first text's stream, replaced one at a time by the second's.
function patchingFigure(section, { both, names, differs }) {
  const patching = it.against.patching;
  if (!patching) {
    section.append(el('p', { id: 'no-patching' }, text(differs.includes(true) ? 'patching.missing' : 'patching.same')));
    return;
  }
  const { token, against, difference, otherDifference, patched } = patching, share = (depth, position) => (patched[depth][position] - difference) / (otherDifference - difference);
  const depths = range(layers + 1).map(depth => text(depth === 0 ? 'lens.embedding' : 'lens.after', { depth })), columns = both.length > 40 ? both : names;
  // Before the first difference nothing can be carried, and after the last layer all is at the end: what is between them is what there is to see.
  const middle = Math.ceil(layers / 2), carrier = range(T).reduce((best, position) => share(middle, position) > share(middle, best) ? position : best, 0);
  const values = { token: nameOf(token), against: nameOf(against), difference: number(difference), other: number(otherDifference), depth: middle, at: names[carrier], share: number(share(middle, carrier)) };
  figure(section, 'patching', {
    title: text('patching.title'), look: text('patching.look', values),
    draw: (plot, width) => heatmap({
      name: 'patching', rows: range(layers + 1).map(String), columns, width, kind: 'signed', title: [text('patching.depth'), text('tokens.position')], unit: text('patching.share'), square: false,
      cells: cellsOf(depths, names, share),
    }),
    table: () => ({ columns: [text('tokens.position'), ...depths], rows: range(T).map(position => [names[position], ...depths.map((_, depth) => share(depth, position))]) }),
  });
}
