'use strict';
// The decoder itself, run by the page: weights that travel with it, a forward pass of one token after the other, and tokenizers of characters
// and byte pairs.

// ---------- weights

// An IEEE half, from its bits.
function halfOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// Q8_0: 32 numbers are a scale, which is a half, and 32 whole numbers of a byte each.
function numbersOf(packed) {
  if (packed.type === 'float32') return floats(packed.data);
  const blocks = bytes(packed.data), whole = new Int8Array(blocks.buffer), numbers = new Float32Array(blocks.length / 34 * 32);
  for (let block = 0; block * 34 < blocks.length; block++) {
    const start = block * 34, scale = halfOf(blocks[start] | blocks[start + 1] << 8);
    for (let i = 0; i < 32; i++) numbers[block * 32 + i] = scale * whole[start + 2 + i];
  }
  return numbers;
}

// ---------- the forward pass

// The error function (Abramowitz and Stegun 7.1.26): off by less than 2e-7.
function errorFunction(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return x < 0 ? -y : y;
}

const activations = {
  gelu_new: x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
  gelu: x => 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  relu: x => Math.max(0, x),
  silu: x => x / (1 + Math.exp(-x)),
};

const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

// A model as the page carries it. sequence() makes a text that the model reads: what is added to one is computed, what is there is kept.
function liveModel({ choices, weights }, { layers, heads, keyHeads, headSize, width, vocabularySize, normsFirst }) {
  const numbers = {};
  const part = name => name in weights ? numbers[name] ??= numbersOf(weights[name]) : null;
  const row = (name, at) => part(name)?.subarray(at * width, (at + 1) * width) ?? null;
  const activation = activations[choices.activation], root = Math.sqrt(headSize), each = heads / keyHeads;
  const headName = 'head.weight' in weights ? 'head.weight' : 'tokens.weight';

  const linear = (x, weight, bias = null) => {
    const inputs = x.length, y = new Float64Array(weight.length / inputs);
    for (let o = 0, at = 0; o < y.length; o++) {
      let sum = bias ? bias[o] : 0;
      for (let i = 0; i < inputs; i++) sum += weight[at++] * x[i];
      y[o] = sum;
    }
    return y;
  };
  const layer = (x, name) => linear(x, part(`${name}.weight`), part(`${name}.bias`));
  const norm = (x, name) => {
    const gain = part(`${name}.weight`), bias = part(`${name}.bias`);
    const mean = choices.norm === 'layer' ? x.reduce((sum, v) => sum + v, 0) / x.length : 0;
    const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length + choices.normEpsilon);
    return x.map((v, i) => (v - mean) * scale * gain[i] + (bias ? bias[i] : 0));
  };
  const branch = (x, name, compute) => {
    const added = compute(normsFirst ? norm(x, name) : x), sum = x.map((v, i) => v + added[i]);
    return normsFirst ? sum : norm(sum, name);
  };

  const normedHead = (head, name) => `${name}.weight` in weights ? norm(head, name) : head;
  const turned = (head, position) => choices.frequencies === null ? head : head.map((v, d) => {
    const pair = d % (headSize / 2), angle = position * choices.frequencies[pair], [x, y] = [head[pair], head[pair + headSize / 2]];
    return d < headSize / 2 ? x * Math.cos(angle) - y * Math.sin(angle) : x * Math.sin(angle) + y * Math.cos(angle);
  });

  // What a token takes from those before it and from itself. Plain queries and keys are as they were before they were turned.
  function attention(x, name, memory, position) {
    const qkv = layer(x, `${name}.qkv`), head = i => qkv.subarray(i * headSize, (i + 1) * headSize);
    const plainQueries = range(heads).map(h => normedHead(head(h), `${name}.query_norm`)), queries = plainQueries.map(query => turned(query, position));
    const plainKeys = range(keyHeads).map(g => normedHead(head(heads + g), `${name}.key_norm`)), keys = plainKeys.map(key => turned(key, position));
    const values = range(keyHeads).map(g => head(heads + keyHeads + g));
    memory.push({ keys, values });
    const first = choices.window > 0 ? Math.max(0, position + 1 - choices.window) : 0, seen = memory.slice(first), joined = new Float64Array(heads * headSize);
    const shares = queries.map((query, h) => {
      const group = Math.floor(h / each), row = new Float64Array(position + 1), into = joined.subarray(h * headSize, (h + 1) * headSize);
      row.set(softmax(seen.map(({ keys }) => dot(keys[group], query) / root)), first);
      seen.forEach(({ values }, i) => values[group].forEach((v, d) => into[d] += row[first + i] * v));
      return row;
    });
    return { plainQueries, plainKeys, queries, keys, values, shares, joined, attended: layer(joined, `${name}.output`) };
  }

  function feedForward(x, name) {
    const up = layer(x, `${name}.up`), half = up.length / 2;
    return layer(choices.isGated ? up.subarray(0, half).map((gate, i) => activation(gate) * up[half + i]) : up.map(activation), `${name}.down`);
  }

  const inputOf = (id, position) => ({ token: row('tokens.weight', id), place: row('positions.weight', position), segment: row('segments.weight', 0) });
  function embedded({ token, place, segment }) {
    const x = Float64Array.from(token, (v, i) => v * choices.embeddingScale + (place ? place[i] : 0) + (segment ? segment[i] : 0));
    return 'embedding_norm.weight' in weights ? norm(x, 'embedding_norm') : x;
  }

  // The way of a token: its vector before the first block and after each, and what it meets in them. Memories keep what later tokens look at.
  function wayOf(id, position, memories) {
    const stream = [embedded(inputOf(id, position))];
    const blocks = range(layers).map(l => {
      const name = `blocks.${l}`;
      let met = null, fed = null;
      const between = branch(stream[l], `${name}.attention_norm`, normed => (met = attention(normed, `${name}.attention`, memories[l], position)).attended);
      stream.push(branch(between, `${name}.feed_forward_norm`, normed => fed = feedForward(normed, `${name}.feed_forward`)));
      return { ...met, fed };
    });
    return { stream, blocks };
  }

  const hiddenOf = x => 'norm.weight' in weights ? norm(x, 'norm') : x;
  function logitsOf(x) {
    let hidden = hiddenOf(x);
    if ('head.transform.weight' in weights) hidden = norm(layer(hidden, 'head.transform').map(activation), 'head.norm');
    return linear(hidden, part(headName), part('head.bias')).subarray(0, vocabularySize);
  }

  // What the model makes of the tokens read so far; what begins like the text before is not computed again. read(ids) returns the ways of those
  // tokens that were.
  function sequence() {
    let known = [];
    const memories = range(layers).map(() => []);
    const read = ids => {
      let same = 0;
      while (same < Math.min(known.length, ids.length - 1) && known[same] === ids[same]) same++;
      memories.forEach(memory => memory.length = same);
      known = [...ids];
      return ids.slice(same).map((id, i) => wayOf(id, same + i, memories));
    };
    return { read, logits: ids => logitsOf(read(ids).at(-1).stream.at(-1)) };
  }

  const isPlainSum = 'positions.weight' in weights && choices.embeddingScale === 1 && !('segments.weight' in weights) && !('embedding_norm.weight' in weights);
  return { sequence, hiddenOf, logitsOf, inputOf, isPlainSum, tokenTable: () => part('tokens.weight'), headRow: id => row(headName, id) };
}

// ---------- tokenizers

// What GPT-2 cuts a text into before it merges bytes, with the spaces that .NET knows.
const spaces = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const wordPattern = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${spaces}\\p{L}\\p{N}]+|[${spaces}]+(?![^${spaces}])|[${spaces}]+`, 'gu');

// The bytes of a character in UTF-8 (RFC 3629), else one byte.
const wholeCharacter = /([\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3})|[^]/g;

// Ids of a text and back. Bytes are written as characters of their numbers.
function liveTokenizer({ kind, tokens, merges, specialIds, composes, ignoresMerges }) {
  const bytesOf = content => Array.from(new TextEncoder().encode(content), byte => String.fromCharCode(byte)).join('');
  const decode = ids => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids.map(id => tokens[id]).join(''), byte => byte.charCodeAt(0)));
  const special = new Set(specialIds), idOf = new Map(tokens.map((token, id) => [token, id]).filter(([, id]) => !special.has(id)));
  const specialOf = new Map(specialIds.map(id => [decode([id]), id]));
  const ranks = new Map(range(merges.length / 3).map(rank => [merges[3 * rank] * 2 ** 24 + merges[3 * rank + 1], rank]));
  const known = (bytes, name) => idOf.get(bytes) ?? (() => { throw new UnknownText(name); })();

  function mergeAll(ids) {
    for (;;) {
      let best = -1, bestRank = Infinity;
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = ranks.get(ids[i] * 2 ** 24 + ids[i + 1]) ?? Infinity;
        if (rank < bestRank) [best, bestRank] = [i, rank];
      }
      if (best < 0) return ids;
      ids.splice(best, 2, merges[3 * bestRank + 2]);
    }
  }
  const encodePiece = piece => {
    const bytes = bytesOf(piece);
    return ignoresMerges && idOf.has(bytes) ? [idOf.get(bytes)] : mergeAll([...bytes].map(byte => known(byte, piece)));
  };
  const encodeOrdinary = content => ((composes ? content.normalize('NFC') : content).match(wordPattern) ?? []).flatMap(encodePiece);
  const escaped = [...specialOf.keys()].sort((a, b) => b.length - a.length).map(token => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const specialPattern = escaped.length > 0 ? new RegExp(`(${escaped.join('|')})`) : null;
  const encode = kind === 'char'
    ? content => [...content].map(character => known(bytesOf(character), character))
    : content => (specialPattern ? content.split(specialPattern) : [content]).flatMap((part, i) => i % 2 ? [specialOf.get(part)] : encodeOrdinary(part));
  // A token by itself, as the engine names it: bytes that are no whole character by their numbers.
  const nameOf = id => id >= tokens.length ? `#${id}` : tokens[id].replace(wholeCharacter, (piece, whole) => whole
    ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(whole, byte => byte.charCodeAt(0)))
    : `\\x${piece.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return { encode, decode, nameOf, known: tokens.length, bytesOf: id => [...tokens[id]].map(byte => byte.charCodeAt(0)) };
}

class UnknownText extends Error {}
