'use strict';
// What comes out: predictions at every place, and the sampler.

// ---------- section 7: predictions

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

// ---------- section 8: generation

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
