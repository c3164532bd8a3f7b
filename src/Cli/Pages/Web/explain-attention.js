'use strict';
// Who looks at whom: attention, its mask and its scale.

// ---------- section 5: attention

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

// ---------- section 6: mask and scale

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
