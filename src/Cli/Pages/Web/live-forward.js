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

// A model as the page carries it. sequence() makes a text that the model reads: what is added to one is computed, what is there is kept.
function liveModel({ choices, weights }, { layers, heads, keyHeads, headSize, width, vocabularySize, normsFirst }) {
  const numbers = {};
  const part = name => name in weights ? numbers[name] ??= numbersOf(weights[name]) : null;
  const activation = activations[choices.activation], root = Math.sqrt(headSize), each = heads / keyHeads;

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

  // A head of a query or key: normed and turned, where the model does that.
  const prepared = (head, name, position) => {
    if (`${name}.weight` in weights) head = norm(head, name);
    if (choices.frequencies === null) return head;
    return head.map((v, d) => {
      const pair = d % (headSize / 2), angle = position * choices.frequencies[pair], [x, y] = [head[pair], head[pair + headSize / 2]];
      return d < headSize / 2 ? x * Math.cos(angle) - y * Math.sin(angle) : x * Math.sin(angle) + y * Math.cos(angle);
    });
  };

  function attention(x, name, memory, position) {
    const qkv = layer(x, `${name}.qkv`), head = i => qkv.subarray(i * headSize, (i + 1) * headSize);
    memory.push({
      keys: range(keyHeads).map(g => prepared(head(heads + g), `${name}.key_norm`, position)),
      values: range(keyHeads).map(g => head(heads + keyHeads + g)),
    });
    const first = choices.window > 0 ? Math.max(0, position + 1 - choices.window) : 0, joined = new Float64Array(heads * headSize);
    for (let h = 0; h < heads; h++) {
      const query = prepared(head(h), `${name}.query_norm`, position), group = Math.floor(h / each), seen = memory.slice(first);
      const scores = seen.map(({ keys }) => keys[group].reduce((sum, k, d) => sum + k * query[d], 0) / root);
      softmax(scores).forEach((weight, at) => seen[at].values[group].forEach((v, d) => joined[h * headSize + d] += weight * v));
    }
    return layer(joined, `${name}.output`);
  }

  function feedForward(x, name) {
    const up = layer(x, `${name}.up`), half = up.length / 2;
    return layer(choices.isGated ? up.subarray(0, half).map((gate, i) => activation(gate) * up[half + i]) : up.map(activation), `${name}.down`);
  }

  function input(id, position) {
    const row = (name, at) => part(name)?.subarray(at * width, (at + 1) * width);
    const [token, place, segment] = [row('tokens.weight', id), row('positions.weight', position), row('segments.weight', 0)];
    const x = Float64Array.from(token, (v, i) => v * choices.embeddingScale + (place ? place[i] : 0) + (segment ? segment[i] : 0));
    return 'embedding_norm.weight' in weights ? norm(x, 'embedding_norm') : x;
  }

  // The vector of a token after the last block; memories keep what later tokens look at.
  const step = (id, position, memories) => range(layers).reduce((x, l) => {
    const name = `blocks.${l}`;
    x = branch(x, `${name}.attention_norm`, normed => attention(normed, `${name}.attention`, memories[l], position));
    return branch(x, `${name}.feed_forward_norm`, normed => feedForward(normed, `${name}.feed_forward`));
  }, input(id, position));

  function logitsOf(x) {
    if ('norm.weight' in weights) x = norm(x, 'norm');
    if ('head.transform.weight' in weights) x = norm(layer(x, 'head.transform').map(activation), 'head.norm');
    return linear(x, part('head.weight') ?? part('tokens.weight'), part('head.bias')).subarray(0, vocabularySize);
  }

  // What the model makes of the tokens read so far. read(ids) reads a text; what begins like the one before is not computed again.
  function sequence() {
    let read = [];
    const memories = range(layers).map(() => []);
    return {
      logits(ids) {
        let same = 0;
        while (same < Math.min(read.length, ids.length - 1) && read[same] === ids[same]) same++;
        memories.forEach(memory => memory.length = same);
        let x = null;
        for (let at = same; at < ids.length; at++) x = step(ids[at], at, memories);
        read = [...ids];
        return logitsOf(x);
      },
    };
  }
  return { sequence };
}

// ---------- tokenizers

// What GPT-2 cuts a text into before it merges bytes, with the spaces that .NET knows.
const spaces = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const wordPattern = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${spaces}\\p{L}\\p{N}]+|[${spaces}]+(?![^${spaces}])|[${spaces}]+`, 'gu');

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
  return { encode, decode };
}

class UnknownText extends Error {}
