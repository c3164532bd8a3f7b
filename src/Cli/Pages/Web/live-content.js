'use strict';
// What the page shows of another text: the content that the engine wrote, made anew by the model inside the page. One pass over the text gives
// all of it; what takes many passes is left out.

const mostScored = 24, mostStoryTokens = 7;

const exactly = (numbers, ...shape) => ({ type: 'float32', shape, data: Float32Array.from(numbers) });
const argmax = row => row.reduce((best, x, i) => x > row[best] ? i : best, 0);
const greatest = (row, count) => range(row.length).sort((a, b) => row[b] - row[a] || a - b).slice(0, count);

// The content for another text, which begins the same for every text: sizes, positions, the map of the vocabulary, the model itself.
function contentOf(typed, original, { tokenizer, model }) {
  const size = original.model.config, all = idsOf(typed), ids = all.slice(0, size.context), left = all.length - ids.length;
  const sequence = model.sequence(), ways = sequence.read(ids), logits = ways.map(way => model.logitsOf(way.stream.at(-1)));
  return {
    ...original, text: left > 0 ? tokenizer.decode(ids) : typed, leftOut: left,
    sentence: { tokens: ids.map(id => tokenOf(id, tokenizer)), segments: [], attention: attentionOfWays(ways, size) },
    texts: Object.fromEntries(range(size.vocabularySize).map(id => [id, tokenizer.nameOf(id)])),
    embedding: embeddingOf(ids, original.embedding, model.tokenTable(), size.width),
    rotation: original.rotation && rotationOf(ways, original.rotation.frequencies, size),
    predictions: predictionsOf(ids, ways, logits, model),
    generation: generationOf(ids, sequence, original.generation, tokenizer, size),
    story: storyOf(ids, ways, logits.at(-1), model, original.story, size),
    against: null, reasons: null, without: null, neurons: null,
  };
}

const tokenOf = (id, tokenizer) => ({ id, bytes: tokenizer.bytesOf(id).map(byte => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ') });

// In each block the shares of each head, a lower triangle, and the products of the first queries and keys.
function attentionOfWays(ways, { layers, heads, keyHeads }) {
  const T = ways.length, scored = Math.min(T, mostScored), weights = new Float32Array(layers * heads * T * (T + 1) / 2), scores = new Float32Array(layers * heads * scored * scored);
  let weight = 0, score = 0;
  for (const l of range(layers)) {
    for (const h of range(heads)) {
      const group = Math.floor(h * keyHeads / heads);
      for (const { blocks } of ways) {
        weights.set(blocks[l].shares[h], weight);
        weight += blocks[l].shares[h].length;
      }
      for (const r of range(scored)) for (const c of range(scored)) scores[score++] = dot(ways[r].blocks[l].queries[h], ways[c].blocks[l].keys[group]);
    }
  }
  return { layers, heads, keyHeads, weights: exactly(weights, layers * heads, T), scores: exactly(scores, layers * heads, scored, scored) };
}

function embeddingOf(ids, original, table, width) {
  const distinct = [...new Set(ids)], vector = id => table.subarray(id * width, (id + 1) * width), all = range(table.length / width);
  const lengths = all.map(id => Math.sqrt(dot(vector(id), vector(id)))), count = original.neighbours[0].length;
  const neighbours = distinct.map(token => {
    const cosines = all.map(id => lengths[id] > 0 && lengths[token] > 0 ? dot(vector(token), vector(id)) / (lengths[token] * lengths[id]) : 0);
    return greatest(cosines, count + 1).filter(id => id !== token).slice(0, count).map(id => ({ id, cosine: cosines[id] }));
  });
  // Of a large vocabulary not every token is on the map already.
  const [centre, ...axes] = range(3).map(row => matrix(original.directions).row(row)), others = distinct.filter(id => !original.mapIds.includes(id));
  const places = others.flatMap(id => axes.map(axis => dot(axis, vector(id).map((x, i) => x - centre[i]))));
  const mapIds = [...original.mapIds, ...others], map = exactly([...floats(original.map.data), ...places], mapIds.length, 2);
  return { ...original, distinct, mapIds, map, vectors: exactly(distinct.flatMap(id => [...vector(id)]), distinct.length, width), neighbours };
}

// Queries and keys of the first block, as they are before they are turned.
function rotationOf(ways, frequencies, { heads, keyHeads, headSize }) {
  const first = ways.slice(0, mostScored).map(way => way.blocks[0]);
  const pack = (name, count) => exactly(range(count).flatMap(head => first.flatMap(block => [...block[name][head]])), count, first.length, headSize);
  return { frequencies, queries: pack('plainQueries', heads), keys: pack('plainKeys', keyHeads) };
}

function predictionsOf(ids, ways, logits, model) {
  const targetOf = row => ids[row + 1] ?? null, atEnd = logits.map(row => softmax(row));
  const rankOf = (row, target) => target === null ? null : row.reduce((rank, x) => x > row[target] ? rank + 1 : rank, 1);
  const places = atEnd.map((shares, row) => {
    const target = targetOf(row), probability = target === null ? null : shares[target];
    return {
      row, target, likeliest: greatest(shares, 10).map(id => ({ id, probability: shares[id] })), rank: rankOf(shares, target), probability,
      loss: target === null ? null : -Math.log(probability),
    };
  });
  const lens = range(ways[0].stream.length).map(depth => {
    const rows = depth === ways[0].stream.length - 1 ? atEnd : ways.map(way => softmax(model.logitsOf(way.stream[depth])));
    return { likeliest: rows.map(row => ({ id: argmax(row), probability: row[argmax(row)] })), ranks: rows.map((row, i) => rankOf(row, targetOf(i))) };
  });
  return { places, lens };
}

// How the text goes on, from random numbers of the page's own.
function generationOf(ids, sequence, { chosen: { length: steps }, temperature }, tokenizer, { context, vocabularySize }) {
  const text = liveText(sequence, context), next = uniforms(1), chosen = [], written = [], logits = [];
  text.set(ids);
  for (let step = 0; step < steps; step++) {
    const row = text.logits();
    logits.push(...row);
    written.push(tokenizer.decode(chosen));
    chosen.push(drawn(reshape(row.subarray(0, tokenizer.known), { temperature, topK: null, topP: 1 }), next()));
    text.append(chosen.at(-1));
  }
  return { chosen, written, logits: exactly(logits, steps, vocabularySize), temperature };
}

// The way of the last token, in numbers few enough to be looked at: those of the tokens that one head of the first block takes most from.
function storyOf(ids, ways, logits, model, original, { heads, keyHeads, normsFirst, vocabularySize }) {
  const last = ids.length - 1, way = ways[last], block = way.blocks[0], first = original.vectors[0].length, cut = row => [...row.slice(0, first)];
  const most = h => Math.max(...block.shares[h].subarray(0, last));
  const head = last === 0 ? 0 : argmax(range(heads).map(most)), keyHead = Math.floor(head * keyHeads / heads), shares = block.shares[head];
  const shown = [...greatest(shares.subarray(0, last), mostStoryTokens - 1).sort((a, b) => a - b), last];
  const others = shares.reduce((sum, share, position) => shown.includes(position) ? sum : sum + share, 0);
  const candidates = greatest(logits, original.candidates.length), input = model.inputOf(ids[last], last), headSize = block.queries[head].length;
  const part = name => position => ways[position].blocks[0][name][keyHead];
  return {
    head, keyHead, shown,
    tokenPart: model.isPlainSum ? cut(input.token) : null, positionPart: model.isPlainSum ? cut(input.place) : null,
    vectors: shown.map(position => cut(ways[position].stream[0])),
    query: cut(block.queries[head]), keys: shown.map(part('keys')).map(cut), scores: shown.map(part('keys')).map(key => dot(key, block.queries[head])),
    weights: shown.map(position => shares[position]), otherWeight: others, values: shown.map(part('values')).map(cut),
    headOutput: cut(block.joined.subarray(head * headSize, (head + 1) * headSize)), attended: cut(block.attended),
    afterAttention: normsFirst ? cut(way.stream[0].map((x, i) => x + block.attended[i])) : null, feedForward: cut(block.fed),
    stream: way.stream.map(cut), hidden: cut(model.hiddenOf(way.stream.at(-1))),
    candidates, candidateRows: candidates.map(id => cut(model.headRow(id))), logits: candidates.map(id => logits[id]),
  };
}

// The content of the page, and what was asked for in its address: a text that a service has answered, or one that the page answers itself.
function contentAsked() {
  const { content, service } = page, typed = new URLSearchParams(location.search).get('text');
  if (service) return { content, asked: service.asked, problem: service.problem && text('another.refused', service) };
  if (typed === null) return { content, asked: null, problem: null };
  if (!liveDecoder) return { content, asked: null, problem: text('another.cannot') };
  try {
    const made = contentOf(typed, content, liveDecoder);
    page.isMadeAnew = true;
    return { content: made, asked: typed, problem: null };
  } catch (error) {
    return { content, asked: typed, problem: problemOf(error) };
  }
}

// Asks for the page of another text.
function anotherText(asked, isWrong) {
  const area = el('textarea', { id: 'another-text', name: 'text', rows: 2, value: asked, spellcheck: false, onkeydown(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }, ...(isWrong ? { 'aria-invalid': true, 'aria-describedby': 'text-problem' } : {}) });
  const button = el('button', { type: 'submit' });
  const form = el('form', { id: 'another', onsubmit(event) {
    event.preventDefault();
    say(true);
    location.assign(`${location.pathname}?${new URLSearchParams({ text: area.value })}`);
  } }, el('label', { htmlFor: 'another-text' }, text('another.label')), area, button);
  const say = isBusy => {
    button.disabled = isBusy;
    button.textContent = text(isBusy ? 'another.busy' : 'another.show');
  };
  say(false);
  // The browser may bring the page back as it was left.
  addEventListener('pageshow', () => say(false));
  return form;
}
