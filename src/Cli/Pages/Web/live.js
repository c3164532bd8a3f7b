'use strict';
// The model at work in the page: what comes next in a text that is typed here, and how it goes on.

// Numbers of [0, 1) that follow from a seed (the mulberry32 generator).
function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

// The model that the page carries; null where it carries none.
const liveDecoder = page.content.live?.weights
  ? { tokenizer: liveTokenizer(page.content.live.tokenizer), model: liveModel(page.content.live, page.content.model.config) }
  : null;

class EmptyText extends Error {}

// The tokens of a text that somebody typed, of which there must be one at least.
function idsOf(typed) {
  const ids = liveDecoder.tokenizer.encode(typed);
  if (ids.length === 0) throw new EmptyText();
  return ids;
}
// What is wrong with it, in a sentence.
function problemOf(error) {
  if (error instanceof EmptyText) return text('live.empty');
  if (error instanceof UnknownText) return text('live.unknown', { character: visible(error.message) });
  throw error;
}

// A text that grows, as the model sees it: when there is no room left, the last half of a context is kept and numbered anew.
function liveText(sequence, context) {
  let ids = [], seen = [];
  return {
    get ids() { return ids; },
    set(next) {
      ids = [...next];
      seen = ids.slice(-context);
    },
    append(id) {
      ids.push(id);
      const half = Math.max(1, context >> 1);
      seen = seen.length < context ? [...seen, id] : [...seen.slice(seen.length - (half - 1), seen.length), id];
    },
    logits: () => sequence.logits(seen),
  };
}

// What a uniform number of [0, 1) chooses from tokens with these shares.
function drawn(shares, uniform) {
  const chosen = shares.findIndex(share => share > 0 && (uniform -= share) < 0);
  return chosen >= 0 ? chosen : shares.findLastIndex(share => share > 0);
}

function liveSection(section) {
  const live = it.live, megabytes = bytes => (bytes / 1e6).toFixed(1);
  if (live.obstacle) {
    const elsewhere = live.obstacle === 'numbers' ? [] : [text(page.service ? 'live.elsewhere.served' : 'live.elsewhere')];
    section.append(el('p', { id: 'no-live' }, sentences(text(`live.missing.${live.obstacle}`, { size: megabytes(live.bytes), most: megabytes(live.mostBytes) }), ...elsewhere)));
    return;
  }
  const { tokenizer, model: runs } = liveDecoder, written = liveText(runs.sequence(), size.context), { known } = tokenizer;
  const original = it.sentence.tokens.map(token => token.id), most = 40;
  const state = { temperature: 1, seed: 1, isReady: false, isWriting: false, problem: null, logits: null, next: uniforms(1) };
  written.set(original);

  const area = el('textarea', { id: 'live-text', rows: 4, value: tokenizer.decode(original), spellcheck: false, oninput() {
    stop();
    clearTimeout(state.typing);
    state.typing = setTimeout(read, 150);
  } });
  const problem = el('p', { id: 'live-problem', className: 'note', role: 'status' });
  const temperature = el('output', { htmlFor: 'live-temperature' }, '1.00');
  const sliders = el('div', { className: 'sliders' },
    el('label', { htmlFor: 'live-temperature' }, text('generation.temperature')),
    el('input', { type: 'range', id: 'live-temperature', min: 0, max: 2, step: 0.05, value: 1, oninput(event) {
      state.temperature = Number(event.target.value);
      temperature.textContent = state.temperature === 0 ? text('generation.greedy') : state.temperature.toFixed(2);
      chart.change();
    } }), temperature);
  const seed = el('input', { type: 'number', id: 'live-seed', min: 0, max: 4294967295, step: 1, value: 1, onchange: () => restart() });
  const write = el('button', { type: 'button', id: 'live-write', onclick: () => state.isWriting ? stop() : writeMany(most) });
  const reset = el('button', { type: 'button', id: 'live-reset', onclick() {
    stop();
    written.set(original);
    restart();
    changed();
  } }, text('live.reset'));
  const sayWrite = () => write.textContent = text(state.isWriting ? 'live.stop' : 'live.write', { n: most });
  const restart = () => state.next = uniforms(Number(seed.value) || 0);
  const stop = () => {
    state.isWriting = false;
    sayWrite();
  };
  sayWrite();

  // Reads what was typed.
  function read() {
    try {
      const ids = idsOf(area.value);
      state.problem = null;
      written.set(ids);
    } catch (error) {
      state.problem = problemOf(error);
    }
    restart();
    state.logits = null;
    chart.change();
  }
  function changed() {
    state.problem = null;
    area.value = tokenizer.decode(written.ids);
    area.scrollTop = area.scrollHeight;
    state.logits = null;
    chart.change();
  }
  const logits = () => state.logits ??= written.logits().subarray(0, known);
  const shares = () => reshape(logits(), { temperature: state.temperature, topK: null, topP: 1 });
  const append = id => {
    written.append(id);
    changed();
  };
  async function writeMany(count) {
    if (state.problem) return;
    state.isWriting = true;
    sayWrite();
    for (let made = 0; made < count && state.isWriting; made++) {
      append(drawn(shares(), state.next()));
      await new Promise(resolve => setTimeout(resolve));
    }
    stop();
  }
  const likeliest = count => {
    const all = shares(), row = logits();
    return range(known).sort((a, b) => row[b] - row[a] || a - b).slice(0, count).map(id => ({ id, logit: row[id], share: all[id] }));
  };

  const chart = figure(section, 'live', {
    controls: el('div', {}, el('label', { htmlFor: 'live-text' }, text('live.text')), area, problem, sliders,
      el('div', { className: 'controls' }, el('label', {}, text('live.seed'), seed), write, reset)),
    look: () => sentences(text('live.look', { parameters: size.parameterCount.toLocaleString('en'), size: megabytes(live.bytes), context: size.context }), ...(page.isMadeAnew ? [] : [text('live.look.rounded')])),
    draw(plot) {
      problem.textContent = state.problem ?? '';
      if (!state.isReady) {
        // The first time all of the text is to be computed: not before somebody looks.
        state.isReady = true;
        plot.replaceChildren(el('p', { className: 'quiet' }, '…'));
        plot.style.minHeight = '22rem';
        setTimeout(() => chart.change());
        return;
      }
      const best = likeliest(10);
      plot.replaceChildren(el('p', { id: 'live-next' }, text('live.next')), el('div', { className: 'next-tokens' }, ...best.map(({ id, share }) => el('button', {
        type: 'button', title: text('live.choose', { token: visible(tokenizer.nameOf(id)), share: percent(share) }), onclick() {
          stop();
          append(id);
        },
      }, el('span', { className: 'mono' }, visible(tokenizer.nameOf(id))), el('i', { style: { width: `${Math.max(0.5, 100 * share / Math.max(1e-9, best[0].share))}%` } }), el('span', { className: 'number' }, percent(share))))));
      plot.querySelectorAll('button').forEach(button => button.disabled = state.problem !== null);
    },
    table: () => ({ columns: [text('ui.token'), 'id', 'logit', 'p'], rows: likeliest(200).map(({ id, logit, share }) => [visible(tokenizer.nameOf(id)), String(id), logit, share]) }),
  });
  window.minigpt.live = {
    encode: tokenizer.encode, decode: tokenizer.decode, ids: () => written.ids, isWriting: () => state.isWriting,
    logits: ids => Array.from(runs.sequence().logits(ids)),
  };
}
