'use strict';
// What a model does with a sentence: what its eight sections share, and the page that they stand on.

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

frame({
  kicker: text('explain.kicker'), title: text('explain.title', { model: model.name }),
  intro: [el('blockquote', { id: 'sentence' }, it.text), el('ul', { className: 'facts' }, ...[
    ['explain.parameters', size.parameterCount.toLocaleString('en')], ['explain.layers', layers], ['explain.heads', heads], ['explain.width', size.width],
    ['explain.context', size.context], ['explain.vocabulary', size.vocabularySize.toLocaleString('en')], ['explain.tokens', T],
  ].map(([key, value]) => el('li', {}, text(key) + ' ', el('b', {}, String(value)))))],
  sections: [['way', wayOfTheData], ['tokens', tokensSection], ['embedding', embeddingSection], ['positions', positionSection], ['attention', attentionSection], ['mask', maskSection], ['predictions', predictionSection], ['generation', generationSection]]
    .map(([name, fill]) => ({ id: `section-${name}`, name: text(`section.${name}`), lead: text(`section.${name}.lead`), fill })),
});
