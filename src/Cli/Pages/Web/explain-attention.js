'use strict';
// Who looks at whom: attention, its mask and its scale.

// ---------- attention

function attentionSection(section) {
  if (!translation) {
    const { set } = attentionFigures(section, '', own, ['map', 'follow', 'heads']);
    window.minigpt.showAttention = (layer, head, query = T - 1) => set({ layer: String(layer), head: String(head), query });
    if (own.keyHeads < own.heads) headGroups(section, own);
    return;
  }
  attentionFigures(section, 'source-', own, ['map', 'follow']);
  attentionFigures(section, 'target-', ofTranslation, ['map', 'follow']);
}

// The figures of a text that looks at itself.
function attentionFigures(section, prefix, attention, shownFigures) {
  const { keys: tokens } = attention, state = { layer: '0', head: '0', query: tokens.length - 1 };
  const { charts, set, picker } = linked(state);
  const layerPicker = () => picker('layer', numberOptions(attention.layers, true)), headPicker = () => picker('head', numberOptions(attention.heads, true));
  const both = () => el('div', { className: 'controls' }, layerPicker(), headPicker());
  const named = which => which === 'mean' ? text('ui.mean') : String(Number(which) + 1);
  const isHidden = i => attention.isCausal && i > state.query;
  const add = (name, makeFigure) => shownFigures.includes(name) && charts.push(figure(section, `${prefix}attention-${name}`, { title: text(`attention.${prefix}${name}`), ...makeFigure }));

  add('map', {
    controls: both(), look: () => text(attention.isCausal ? 'attention.map.look' : 'attention.map.look.both', { layer: named(state.layer), head: named(state.head) }),
    draw: (plot, width) => heatmap({
      name: 'attention', rows: tokens.axis, columns: tokens.axis, width, kind: 'shares', title: [text('attention.query'), text('attention.key')], unit: text('attention.weight'),
      cells: range(tokens.length).flatMap(r => Array.from(attention.row(state.layer, state.head, r), (v, c) => ({ r, c, v, row: tokens.numbered[r], column: tokens.numbered[c] }))),
    }),
    table: () => ({
      columns: [text('attention.query'), ...tokens.numbered],
      rows: range(tokens.length).map(r => Array.from(attention.row(state.layer, state.head, r))).map((row, r) => [tokens.numbered[r], ...row, ...Array(tokens.length - row.length).fill('')]),
    }),
  });

  add('follow', {
    controls: both(), look: () => text('attention.follow.look', { token: tokens.shown[state.query] }),
    draw(plot) {
      const row = attention.row(state.layer, state.head, state.query), most = Math.max(...row);
      plot.replaceChildren(tokenStrip(tokens.words, {
        chosen: state.query, onchoose: query => set({ query }),
        paint: i => isHidden(i) ? { background: 'transparent', title: text('attention.hidden') } : { background: tint(row[i] / most), title: `${tokens.numbered[i]}: ${percent(row[i])}` },
      }));
    },
    table: () => ({ columns: [text('attention.key'), text('attention.weight')], rows: Array.from(attention.row(state.layer, state.head, state.query), (v, i) => [tokens.numbered[i], v]) }),
  });

  add('heads', {
    controls: el('div', { className: 'controls' }, layerPicker()), look: () => text('attention.heads.look', { token: tokens.shown[state.query] }),
    draw(plot) {
      const rows = range(attention.heads).map(head => attention.row(state.layer, head, state.query));
      const most = rows.map(row => Math.max(...row));
      const legend = el('div', { className: 'chips' }, ...range(attention.heads).map(h => el('span', {}, el('i', { style: { background: headColour(h) } }), text('ui.head-n', { n: h + 1 }))));
      plot.replaceChildren(legend, tokenStrip(tokens.words, {
        chosen: state.query, onchoose: query => set({ query }),
        paint: i => ({
          background: 'transparent', title: isHidden(i) ? text('attention.hidden') : range(attention.heads).map(h => `${h + 1}: ${percent(rows[h][i])}`).join('\n'),
          below: el('span', { className: 'heads', style: { gridTemplateColumns: `repeat(${Math.min(attention.heads, 6)}, 7px)` } }, ...range(attention.heads).map(h => el('i', { style: { background: headColour(h), opacity: isHidden(i) ? 0.04 : Math.max(0.06, Math.sqrt(rows[h][i] / most[h])) } }))),
        }),
      }));
    },
    table: () => ({ columns: [text('attention.key'), ...range(attention.heads).map(h => text('ui.head-n', { n: h + 1 }))], rows: range(attention.row(0, 0, state.query).length).map(i => [tokens.numbered[i], ...range(attention.heads).map(h => attention.row(state.layer, h, state.query)[i])]) }),
  });
  return { set };
}

// Heads of queries that share a head of keys and values, and at what each of them looks.
function headGroups(section, attention) {
  const { heads, keyHeads, keys: tokens } = attention, each = heads / keyHeads;
  const state = { layer: '0', query: String(tokens.length - 1) };
  const { charts, picker } = linked(state);
  const strongest = head => {
    const row = Array.from(attention.row(state.layer, head, Number(state.query))), weight = Math.max(...row);
    return { key: row.indexOf(weight), weight };
  };
  charts.push(figure(section, 'head-groups', {
    title: text('groups.title'), controls: el('div', { className: 'controls' }, picker('layer', numberOptions(attention.layers, false)), picker('query', tokens.numbered.map((name, i) => [String(i), name]))),
    look: () => text('groups.look', { heads, keyHeads, each, ofAll: keyHeads * 2 * size.headSize, instead: heads * 2 * size.headSize, token: tokens.shown[Number(state.query)] }),
    draw: plot => plot.replaceChildren(el('div', { className: 'groups' }, ...range(keyHeads).map(group => el('div', { className: 'group-of-heads' },
      ...range(each).map(i => group * each + i).map(head => {
        const { key, weight } = strongest(head);
        return el('div', { className: 'query-head', style: { borderColor: headColour(group) } }, el('b', {}, text('groups.query-head', { n: head + 1 })), el('span', { className: 'mono' }, `→ ${tokens.numbered[key]}`), el('span', { className: 'quiet' }, percent(weight)));
      }),
      el('div', { className: 'key-head', style: { background: headColour(group), color: inkOn(rgb(rgbOf(headColour(group)))) } }, text('groups.key-head', { n: group + 1 })))))),
    table: () => ({ columns: [text('groups.queries'), text('groups.keys'), text('attention.key'), text('attention.weight')], rows: range(heads).map(head => [`${head + 1}`, `${Math.floor(head / each) + 1}`, tokens.numbered[strongest(head).key], strongest(head).weight]) }),
  }));
}

// ---------- mask and scale

const softmax = row => {
  const most = Math.max(...row), shares = row.map(x => Math.exp(x - most)), sum = shares.reduce((a, b) => a + b, 0);
  return shares.map(x => x / sum);
};

function maskSection(section) {
  // Of a translator it is its decoder that has a mask.
  const attention = ofTranslation ?? own, { isCausal, heads, keys: tokens } = attention;
  const scored = attention.scores.shape[1], scores = floats(attention.scores.data), isWhole = scored === tokens.length;
  const state = { layer: '0', head: '0', stage: 'scores', query: String(scored - 1) };
  const root = Math.sqrt(size.headSize), names = tokens.numbered.slice(0, scored);
  const raw = (r, c) => scores[((Number(state.layer) * heads + Number(state.head)) * scored + r) * scored + c];
  const seenBy = r => isCausal ? r + 1 : scored;
  const at = {
    scores: raw, scaled: (r, c) => raw(r, c) / root, masked: (r, c) => c >= seenBy(r) ? null : raw(r, c) / root,
    weights: (r, c) => c >= seenBy(r) ? null : softmax(range(seenBy(r)).map(k => raw(r, k) / root))[c],
  };
  const { charts, set, picker } = linked(state);
  const stages = ['scores', 'scaled', ...(isCausal ? ['masked'] : []), 'weights'].map((stage, i) => [stage, `${i + 1} ${text(`mask.${stage}`)}`]);
  const layerOptions = () => numberOptions(attention.layers, false), headOptions = () => numberOptions(heads, false);
  // Without a mask a row is over all tokens: of a part of them it would be another one.
  if (!isCausal && !isWhole) section.append(el('p', { className: 'quiet' }, text('mask.part', { n: scored })));

  charts.push(figure(section, 'mask', {
    title: text(isCausal ? 'mask.title' : 'mask.title.both'),
    controls: el('div', { className: 'controls' }, choice(stages, state.stage, stage => set({ stage })), picker('layer', layerOptions()), picker('head', headOptions())),
    look: () => text(`mask.${state.stage}.look${!isCausal && state.stage !== 'scaled' ? '.both' : ''}`, { root: root.toFixed(2), d: size.headSize, hidden: scored * (scored - 1) / 2, all: scored * scored }),
    draw: (plot, width) => heatmap({
      name: 'mask', rows: names, columns: names, width, kind: state.stage === 'weights' ? 'shares' : 'signed', title: [text('attention.query'), text('attention.key')],
      unit: text(state.stage === 'weights' ? 'attention.weight' : 'mask.score'), digits: state.stage === 'weights' ? 2 : 1, cells: cellsOf(names, names, at[state.stage]),
    }),
    table: () => ({ columns: [text('attention.query'), ...names], rows: names.map((name, r) => [name, ...names.map((_, c) => at[state.stage](r, c))]) }),
  }));

  const rows = () => {
    const row = range(seenBy(Number(state.query))).map(c => raw(Number(state.query), c));
    return [[text('scaling.without'), softmax(row)], [text('scaling.with', { root: root.toFixed(2) }), softmax(row.map(x => x / root))]];
  };
  charts.push(figure(section, 'scaling', {
    title: text('scaling.title'),
    controls: el('div', { className: 'controls' }, picker('query', names.map((name, i) => [String(i), name])), picker('layer', layerOptions()), picker('head', headOptions())),
    look: () => text('scaling.look', { d: size.headSize, root: root.toFixed(2), without: percent(Math.max(...rows()[0][1])), with: percent(Math.max(...rows()[1][1])) }),
    draw(plot, width) {
      const groups = rows().map(([name]) => name);
      return {
        params: [{ name: 'names', value: names }],
        data: { name: 'scaling', values: rows().flatMap(([group, shares]) => shares.map((v, i) => ({ i, name: names[i], v, group }))) },
        width: Math.max(160, width - 60), height: 200, mark: { type: 'bar' },
        encoding: {
          x: { field: 'i', type: 'ordinal', axis: { title: text('attention.key'), values: thinned(names.length, Math.max(160, width - 60) / names.length, 15), labelExpr: 'names[datum.value]', labelAngle: -45, labelOverlap: false, ticks: false } },
          xOffset: { field: 'group', sort: groups },
          y: { field: 'v', type: 'quantitative', title: null, axis: { format: '.0%' } },
          color: { field: 'group', type: 'nominal', sort: groups, scale: { domain: groups, range: [colour('warm'), colour('accent')] }, legend: { orient: 'top', title: null } },
          tooltip: [{ field: 'name', title: text('attention.key') }, { field: 'group', title: ' ' }, { field: 'v', title: text('attention.weight'), format: '.4f' }],
        },
      };
    },
    table: () => ({ columns: [text('attention.key'), ...rows().map(([name]) => name)], rows: range(seenBy(Number(state.query))).map(i => [names[i], ...rows().map(([, shares]) => shares[i])]) }),
  }));
}
