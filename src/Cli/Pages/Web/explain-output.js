'use strict';
// What comes out: predictions at every place, what the next token comes from, masked words, and the sampler.

// ---------- predictions

function predictionSection(section) {
  // What is chosen is a token; the prediction for it was made at the place before. Behind a text that is not whole stands nothing yet.
  const p = it.predictions.places;
  const items = translation
    ? p.map((prediction, i) => ({ word: written.words[i], name: written.numbered[i], prediction }))
    : [{ word: words[0], name: numbered[0], prediction: null }, ...p.map((prediction, i) => ({ word: words[i + 1] ?? '?', name: numbered[i + 1] ?? '?', prediction }))];
  let place = translation ? 0 : items.length - 1;
  const charts = [];
  const choose = next => {
    if (items[next].prediction === null) return;
    place = next;
    charts.forEach(chart => chart.change());
  };
  const known = items.filter(item => item.prediction?.loss != null), losses = known.map(item => item.prediction.loss);
  const most = Math.max(1, ...losses), mean = losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length);

  charts.push(figure(section, 'loss', {
    title: textOfKind('loss.title'), look: () => known.length > 0 ? textOfKind('loss.look', { mean: mean.toFixed(3), perplexity: Math.exp(mean).toFixed(1), V: size.vocabularySize }) : text('loss.short'),
    draw: plot => plot.replaceChildren(tokenStrip(items.map(item => item.word), {
      chosen: place, onchoose: choose,
      paint(i) {
        const prediction = items[i].prediction;
        return prediction?.loss == null ? { background: 'transparent', title: text(prediction === null ? 'loss.first' : 'loss.behind') }
          : { background: tint(prediction.loss / most, 'warm'), title: `${text('loss.loss')} ${prediction.loss.toFixed(3)}, p = ${percent(prediction.probability)}, ${text('next.rank')} ${prediction.rank}` };
      },
    })),
    table: () => ({ columns: [text('ui.token'), text('loss.loss'), 'p', text('next.rank')], rows: known.map(({ name, prediction }) => [name, prediction.loss, prediction.probability, String(prediction.rank)]) }),
  }));

  charts.push(figure(section, 'next', {
    title: text('next.title'),
    look() {
      const { word, prediction } = items[place];
      return prediction.target === null ? text('next.look.behind') : textOfKind('next.look', { token: visible(word), rank: prediction.rank, share: percent(prediction.probability) });
    },
    draw: (plot, width) => likeliestBars('next', items[place].prediction, width),
    table: () => likeliestTable(items.filter(item => item.prediction !== null)),
  }));

  lensFigure(section, translation ? written : { shown: p.map(prediction => shown[prediction.row]), numbered: p.map(prediction => numbered[prediction.row]) });
}

const likeliestBars = (name, prediction, width) => lyingBars({ name, width, values: prediction.likeliest.map((c, i) => ({ i, name: nameOf(c.id), v: c.probability, mark: c.id === prediction.target })) });
const likeliestTable = items => ({
  columns: [text('ui.token'), text('next.rank'), ...range(10).map(i => `${i + 1}`)],
  rows: items.map(({ name, prediction }) => [name, prediction.rank === null ? '' : String(prediction.rank), ...prediction.likeliest.map(c => `${nameOf(c.id)} ${percent(c.probability)}`)]),
});

// What the model would say after each block. labels: how its places are named.
function lensFigure(section, labels) {
  const p = it.predictions.places, { shown, numbered } = labels, T = p.length;
  const lens = it.predictions.lens, depths = lens.map((_, depth) => text(depth === 0 ? 'lens.embedding' : 'lens.after', { depth }));
  figure(section, 'lens', {
    title: text('lens.title'), look: textOfKind('lens.look', { layers }),
    draw(plot, width) {
      // Wide enough for the names, as far as that is not too wide.
      const widest = Math.max(...lens.flatMap(row => row.likeliest.map(c => widthOf(nameOf(c.id))))) + 8;
      const cell = T > 120 ? 14 : Math.max(26, Math.min(72, widest), Math.min(44, (width - 110) / T)), columns = range(T);
      const scale = { type: 'sqrt', domain: [0, 0.1, 0.4, 1], range: shares(), interpolate: 'rgb' }, inkOf = inksOn(scale);
      const values = lens.flatMap((row, r) => row.likeliest.map((c, i) => ({ r, c: i, v: c.probability, name: nameOf(c.id), depth: depths[r], after: numbered[i], right: c.id === p[i].target, isDark: inkOf(c.probability) === '#ffffff' })));
      const axis = { x: { field: 'c', type: 'ordinal', scale: { domain: columns }, axis: { orient: 'top', title: textOfKind('lens.behind'), labelExpr: 'columnNames[datum.value]', labelAngle: Math.max(...shown.map(word => widthOf(word))) > cell ? -90 : 0, labelFontSize: 12, ticks: false } }, y: { field: 'r', type: 'ordinal', sort: 'descending', axis: { title: null, labelExpr: 'depthNames[datum.value]', ticks: false } } };
      return {
        usermeta: { scrolls: true }, params: [{ name: 'columnNames', value: shown }, { name: 'depthNames', value: depths }], data: { name: 'lens', values }, width: cell * T, height: 30 * lens.length,
        layer: [
          { mark: { type: 'rect', cornerRadius: 2, stroke: colour('card'), strokeWidth: 2 }, encoding: { ...axis, color: { field: 'v', type: 'quantitative', scale, legend: { orient: 'bottom', title: text('lens.probability'), format: '.0%' } }, tooltip: [{ field: 'after', title: textOfKind('lens.behind') }, { field: 'depth', title: ' ' }, { field: 'name', title: text('ui.token') }, { field: 'v', title: 'p', format: '.1%' }] } },
          { transform: [{ filter: 'datum.right' }], mark: { type: 'rect', cornerRadius: 2, filled: false, stroke: colour('warm'), strokeWidth: 2 }, encoding: axis },
          { mark: { type: 'text', fontSize: 12, limit: cell }, encoding: { ...axis, text: { field: 'name' }, color: { condition: { test: 'datum.isDark', value: '#ffffff' }, value: '#000000' } } },
        ],
      };
    },
    table: () => ({ columns: [textOfKind('lens.behind'), ...depths, ...depths.map(depth => `${text('next.rank')}: ${depth}`)], rows: range(T).map(i => [numbered[i], ...lens.map(row => `${nameOf(row.likeliest[i].id)} ${percent(row.likeliest[i].probability)}`), ...lens.map(row => row.ranks[i] === null ? '' : String(row.ranks[i]))]) }),
  });
}

// ---------- what the next token comes from

const partName = part => text(`reasons.${part.kind}`, { layer: (part.layer ?? 0) + 1, head: (part.head ?? 0) + 1 });

// Both figures are about one of the likeliest tokens, which a menu chooses.
function reasonSection(section) {
  const { attributions, gradients } = it.reasons, state = { token: '0' };
  const { charts, picker } = linked(state);
  const controls = () => el('div', { className: 'controls' }, picker('token', attributions.map((attribution, i) => [String(i), nameOf(attribution.token)])));
  const greatest = () => [...attributions[state.token].contributions].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 16);

  charts.push(figure(section, 'reasons', {
    title: text('reasons.title'), controls: controls(),
    look() {
      const { token, logit, contributions, leftOver } = attributions[state.token], shown = greatest();
      const others = logit - leftOver - shown.reduce((sum, part) => sum + part.value, 0);
      return text(shown.length < contributions.length ? 'reasons.look' : 'reasons.look.all', { token: nameOf(token), logit: number(logit), shown: shown.length, count: contributions.length - shown.length, others: number(others) });
    },
    draw: (plot, width) => lyingBars({ name: 'reasons', width, format: '+.3f', title: text('reasons.adds'), values: greatest().map((part, i) => ({ i, name: partName(part), v: part.value, mark: part.value < 0 })) }),
    table() {
      const { logit, contributions, leftOver } = attributions[state.token];
      return { columns: [text('reasons.part'), text('reasons.adds')], rows: [...contributions.map(part => [partName(part), part.value]), [text('reasons.left'), leftOver], [text('reasons.logit'), logit]] };
    },
  }));
  charts.push(figure(section, 'gradients', {
    title: text('gradients.title'), controls: controls(), look: () => text('gradients.look', { token: nameOf(attributions[state.token].token) }),
    draw(plot) {
      const norms = gradients[state.token].inputs.map(input => input.norm), most = Math.max(1e-30, ...norms);
      plot.replaceChildren(tokenStrip(words, { chosen: null, onchoose: () => {}, paint: i => ({ background: tint(norms[i] / most), strength: Math.sqrt(norms[i] / most), title: `${text('gradients.norm')} ${number(norms[i])}` }) }));
    },
    table: () => ({ columns: [text('ui.token'), text('gradients.norm'), text('gradients.product')], rows: gradients[state.token].inputs.map((input, i) => [numbered[i], input.norm, input.timesInput]) }),
  }));
}

// ---------- masked words

function maskedSection(section) {
  const p = it.predictions.places;
  if (p.length === 0) {
    section.append(el('p', { id: 'no-mask' }, it.maskText === null ? text('masked.never') : text('masked.none', { mask: it.maskText })));
    return;
  }
  const state = { place: '0' };
  const { charts, set, picker } = linked(state);
  const items = p.map(prediction => ({ name: numbered[prediction.row], prediction }));
  const rows = p.map(prediction => prediction.row);
  charts.push(figure(section, 'masked', {
    title: text('masked.title'), controls: p.length > 1 ? el('div', { className: 'controls' }, picker('place', items.map((item, i) => [String(i), item.name]))) : null,
    look: () => text('masked.look', { mask: it.maskText, first: nameOf(p[state.place].likeliest[0].id), share: percent(p[state.place].likeliest[0].probability), V: size.vocabularySize }),
    draw: (plot, width) => likeliestBars('masked', p[state.place], width),
    table: () => likeliestTable(items),
  }));
  charts.push(figure(section, 'filled', {
    title: text('masked.filled'), look: text('masked.filled.look'),
    draw: plot => plot.replaceChildren(tokenStrip(words.map((word, i) => rows.includes(i) ? nameOf(p[rows.indexOf(i)].likeliest[0].id) : word), {
      chosen: rows[state.place], onchoose: i => rows.includes(i) && set({ place: String(rows.indexOf(i)) }),
      paint: i => rows.includes(i) ? { background: tint(p[rows.indexOf(i)].likeliest[0].probability), title: percent(p[rows.indexOf(i)].likeliest[0].probability) } : { background: 'transparent' },
    })),
    table: () => likeliestTable(items),
  }));
  lensFigure(section, { shown: rows.map(i => shown[i]), numbered: rows.map(i => numbered[i]) });
}

// ---------- generation

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
  const g = it.generation, logits = matrix(it.generation.logits), V = size.vocabularySize, steps = g.chosen.length;
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
