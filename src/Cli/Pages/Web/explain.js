'use strict';
// What a model does with a sentence: what its sections share, and the page that they stand on.

const { content: it, asked, problem } = contentAsked();
const model = it.model, size = model.config, kind = model.kind;
const nameOf = (id, texts = it.texts) => id in texts ? visible(texts[id]) : `#${id}`;
// The tokens of the sentence: those of another language, where a translator has a vocabulary for each.
const sourceTexts = it.sourceTexts ?? it.texts, nameOfSource = id => nameOf(id, sourceTexts);

// Names of tokens some of which hold parts of characters alone, \xE7 and \x8C\xAB say: the character itself, with brackets where it is not
// whole, (猫 and 猫).
function wholeCharacters(tokens) {
  const part = /\\x([0-9A-F]{2})/g;
  if (!tokens.some(token => token.match(part))) return tokens;
  const encode = text => new TextEncoder().encode(text), decode = all => new TextDecoder().decode(Uint8Array.from(all));
  const parts = tokens.map(token => token.split(part).flatMap((piece, i) => i % 2 ? [parseInt(piece, 16)] : [...encode(piece)]));
  const all = parts.flat(), names = parts.map(() => ''), owner = parts.flatMap((bytes, token) => bytes.map(() => token));
  const lengthAt = at => {
    const length = all[at] < 0x80 ? 1 : all[at] >= 0xF0 ? 4 : all[at] >= 0xE0 ? 3 : all[at] >= 0xC0 ? 2 : 0;
    return length > 0 && at + length <= all.length && all.slice(at + 1, at + length).every(byte => byte >> 6 === 2) ? length : 0;
  };
  for (let at = 0; at < all.length;) {
    const length = lengthAt(at), [first, last] = [owner[at], owner[at + Math.max(1, length) - 1]];
    const character = length > 0 ? decode(all.slice(at, at + length)) : `\\x${all[at].toString(16).toUpperCase().padStart(2, '0')}`;
    for (let token = first; token <= last; token++) names[token] += (token < last ? '(' : '') + character + (token > first ? ')' : '');
    at += Math.max(1, length);
  }
  return names;
}

// A text as strips and axes name it.
function namedSequence(ids, texts = it.texts) {
  const words = wholeCharacters(ids.map(id => texts[id] ?? `#${id}`)), shown = words.map(visible), numbered = shown.map((word, i) => `${i + 1} ${word}`);
  // Where a token stands beside many others its number would only be in the way.
  return { words, shown, numbered, axis: shown.length > 40 ? shown : numbered, length: words.length };
}
const sentence = namedSequence(it.sentence.tokens.map(token => token.id), sourceTexts);
const { words, shown, numbered } = sentence, T = sentence.length;
const layers = size.layers, heads = size.heads;
const translation = it.translation;
// What the decoder of a translator reads, and what it writes at each of these places.
const read = translation && namedSequence(translation.sequence.tokens.map(token => token.id));
const written = translation && namedSequence(it.predictions.places.map(place => place.target));

// What is said of one kind of model alone has the kind behind its key.
const textOfKind = (key, values) => text(`${key}.${kind}` in page.texts ? `${key}.${kind}` : key, values);

// One attention: who looks at whom. Layer and head may be 'mean'.
function attentionOf(view, queries, keys) {
  const rows = packedRows(view.weights), pick = (which, count) => which === 'mean' ? range(count) : [Number(which)];
  return {
    ...view, queries, keys, isCausal: view.weights.shape.length === 2,
    row(layer, head, query) {
      const chosen = pick(layer, view.layers).flatMap(l => pick(head, view.heads).map(h => l * view.heads + h));
      if (chosen.length === 1) return rows(chosen[0], query);
      const sum = new Float32Array(rows(chosen[0], query).length);
      for (const m of chosen) rows(m, query).forEach((weight, key) => sum[key] += weight / chosen.length);
      return sum;
    },
  };
}
const own = attentionOf(it.sentence.attention, sentence, sentence);
const ofTranslation = translation && attentionOf(translation.sequence.attention, read, read);
const ofSource = translation && attentionOf(translation.sourceAttention, written, sentence);

const numberOptions = (count, withMean) => [...range(count).map(i => [String(i), `${i + 1}`]), ...(withMean ? [['mean', text('ui.mean')]] : [])];

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

const facts = [
  ['explain.parameters', size.parameterCount.toLocaleString('en')], ['explain.layers', size.sourceLayers ? `${size.sourceLayers} + ${layers}` : layers],
  ['explain.heads', size.keyHeads < heads ? text('explain.heads.shared', { heads, keyHeads: size.keyHeads }) : heads], ['explain.width', size.width],
  ['explain.context', size.context], ['explain.vocabulary', [...(it.sourceTexts ? [size.sourceVocabularySize] : []), size.vocabularySize].map(count => count.toLocaleString('en')).join(' + ')], ['explain.tokens', T],
];
const sections = {
  decoder: [['way', wayOfTheData], ['tokens', tokensSection], ['embedding', embeddingSection], ['positions', positionSection], ['attention', attentionSection], ['mask', maskSection], ['predictions', predictionSection], ...(it.reasons ? [['reasons', reasonSection]] : []), ...(page.isMadeAnew ? [] : [['without', withoutSection]]), ...(it.neurons ? [['neurons', neuronsSection]] : []), ['generation', generationSection]],
  encoder: [['way', wayOfTheData], ['tokens', tokensSection], ['embedding', embeddingSection], ['positions', positionSection], ['attention', attentionSection], ['mask', maskSection], ['masked', maskedSection]],
  translator: [['way', wayOfTheData], ['tokens', tokensSection], ['embedding', embeddingSection], ['positions', positionSection], ['attention', attentionSection], ['source', sourceSection], ['mask', maskSection], ['predictions', predictionSection], ['beams', beamSection]],
}[kind];
if (it.story) sections.unshift(['story', storySection]);
if (it.live) sections.push(['live', liveSection]);
if (it.against) sections.push(['against', againstSection]);

frame({
  kicker: textOfKind('explain.kicker'), title: text('explain.title', { model: model.name }),
  intro: [
    el('blockquote', { id: 'sentence' }, it.text),
    it.leftOut > 0 ? el('p', { className: 'note', id: 'left-out' }, text('explain.left-out', { left: it.leftOut, context: size.context })) : null,
    page.isMadeAnew ? el('p', { className: 'quiet', id: 'made-anew' }, text('another.made-anew')) : null,
    translation ? el('blockquote', { id: 'translation' }, translation.text) : null,
    translation && !translation.isComplete ? el('p', { className: 'note', id: 'not-ended' }, text('explain.not-ended')) : null,
    problem ? el('p', { className: 'note', id: 'text-problem', role: 'status' }, problem) : null,
    page.service || liveDecoder ? anotherText(asked ?? it.text, problem !== null) : null,
    el('ul', { className: 'facts' }, ...facts.map(([key, value]) => el('li', {}, text(key) + ' ', el('b', {}, String(value))))),
  ].filter(part => part !== null),
  sections: sections.map(([name, fill]) => ({
    id: `section-${name}`, name: textOfKind(`section.${name}`), fill, isNumbered: name !== 'story',
    lead: name === 'positions' && !it.positions ? (it.rotation ? text('section.positions.lead.rotary') : null) : textOfKind(`section.${name}.lead`),
  })),
});
