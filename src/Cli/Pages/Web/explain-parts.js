'use strict';
// The parts of the model by themselves: what becomes of the next token without each of them, and what its strongest neurons speak for.

// ---------- switched off

const shareOf = (next, id) => next.probabilities[next.ids.indexOf(id)], logitOf = (next, id) => next.logits[next.ids.indexOf(id)];

// The name of a cell: what is switched off in it.
function nameOfCell({ without }) {
  const [{ kind, layer, head }] = without, named = { layer: layer + 1, head: head + 1 };
  return text(without.length > 1 ? 'without.layer' : `without.${kind}`, named);
}

function withoutSection(section) {
  if (!it.without) {
    section.append(el('p', { id: 'no-without' }, text('without.missing')));
    return;
  }
  const off = it.without, { before, cells, token } = off;
  if (!off.hasHeads) section.append(el('p', { className: 'note', id: 'without-no-heads' }, text('without.no-heads')));
  const columns = [...(off.hasHeads ? range(heads).map(h => `${h + 1}`) : []), ...['attention', 'feed_forward', 'layer'].map(kind => text(`without.column.${kind}`))];
  // What a cell is coloured by: how much the token's probability, or its logit, changes.
  const changes = { probability: cell => shareOf(cell.next, token) - shareOf(before, token), logit: cell => logitOf(cell.next, token) - logitOf(before, token) };
  const greatest = (measure, among = cells) => among.reduce((best, cell) => Math.abs(changes[measure](cell)) > Math.abs(changes[measure](best)) ? cell : best, among[0]);
  const single = off.hasHeads ? cells.filter(cell => cell.without[0].kind === 'head' && cell.without.length === 1) : cells;
  const state = { measure: 'probability', cell: cells.indexOf(greatest('probability', single)) };
  const said = cell => state.measure === 'probability' ? `${percent(shareOf(before, token))} → ${percent(shareOf(cell.next, token))}` : `${number(logitOf(before, token))} → ${number(logitOf(cell.next, token))}`;
  const buttons = [];
  const paint = () => {
    const most = Math.max(1e-12, Math.abs(changes[state.measure](greatest(state.measure))));
    buttons.forEach((button, i) => {
      const change = changes[state.measure](cells[i]);
      button.className = change < 0 ? 'part negative' : 'part';
      button.style.setProperty('--share', Math.sqrt(Math.abs(change) / most));
      button.title = `${nameOfCell(cells[i])}: ${said(cells[i])}`;
      button.setAttribute('aria-label', `${nameOfCell(cells[i])}, ${text('without.label', { before: percent(shareOf(before, token)), after: percent(shareOf(cells[i].next, token)) })}`);
      button.setAttribute('aria-pressed', i === state.cell);
      button.tabIndex = i === state.cell ? 0 : -1;
    });
  };
  function choose(cell, focuses = false) {
    state.cell = cell;
    paint();
    if (focuses) buttons[cell].focus();
    next.change();
  }
  // The arrow keys go from cell to cell, as on a board.
  function move(event) {
    const wide = columns.length, [row, column] = [Math.floor(state.cell / wide), state.cell % wide];
    const to = { ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1], ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], Home: [row, 0], End: [row, wide - 1] }[event.key];
    if (!to) return;
    event.preventDefault();
    if (to[0] >= 0 && to[0] < layers && to[1] >= 0 && to[1] < wide) choose(to[0] * wide + to[1], true);
  }
  const measures = choice(['probability', 'logit'].map(measure => [measure, text(`without.${measure}`)]), 'probability', measure => {
    state.measure = measure;
    map.change();
  });

  const map = figure(section, 'without-map', {
    title: text('without.map'), controls: el('div', { className: 'controls' }, text('without.colour'), measures),
    look: () => text('without.map.look', { token: nameOf(token), part: nameOfCell(greatest(state.measure)), change: said(greatest(state.measure)) }),
    draw(plot) {
      buttons.length = 0;
      const head = el('tr', {}, el('td'), ...columns.map((name, c) => el('th', { scope: 'col', className: c < columns.length - 3 ? '' : 'upright' }, name)));
      const rows = range(layers).map(l => el('tr', {}, el('th', { scope: 'row' }, `${l + 1}`), ...columns.map((_, c) => {
        const button = el('button', { type: 'button', onclick: () => choose(l * columns.length + c) });
        buttons.push(button);
        return el('td', {}, button);
      })));
      plot.replaceChildren(el('p', { className: 'quiet', id: 'without-axes' }, text(off.hasHeads ? 'without.axes' : 'without.axes.layers')),
        el('div', { className: 'scroll' }, el('table', { className: 'parts', 'aria-labelledby': 'without-axes', onkeydown: move }, el('thead', {}, head), el('tbody', {}, ...rows))));
      paint();
    },
    table: () => ({
      columns: [text('without.part'), text('without.probability'), text('without.change'), text('without.logit'), text('without.change')],
      rows: [[text('without.none'), shareOf(before, token), '', logitOf(before, token), ''],
        ...cells.map(cell => [nameOfCell(cell), shareOf(cell.next, token), changes.probability(cell), logitOf(cell.next, token), changes.logit(cell)])],
    }),
  });

  const chosen = () => cells[state.cell], groups = [text('without.before'), text('without.after')];
  const next = figure(section, 'without-next', {
    title: text('without.next'),
    look() {
      const { next } = chosen(), first = next.ids[0], values = { part: nameOfCell(chosen()), token: nameOf(token), before: percent(shareOf(before, token)), after: percent(shareOf(next, token)), first: nameOf(first), share: percent(shareOf(next, first)) };
      return text(first === token ? 'without.next.same' : 'without.next.look', values);
    },
    draw(plot, width) {
      const ids = [...chosen().next.ids].sort((a, b) => shareOf(before, b) - shareOf(before, a));
      return lyingBars({ name: 'without-next', width, groups, format: '.0%',
        values: ids.flatMap((id, i) => [{ i, id, name: nameOf(id), v: shareOf(before, id), group: groups[0] }, { i, id, name: nameOf(id), v: shareOf(chosen().next, id), group: groups[1] }]) });
    },
    table: () => ({ columns: [text('ui.token'), 'id', ...groups, `${text('without.logit')}: ${groups[0]}`, `${text('without.logit')}: ${groups[1]}`],
      rows: chosen().next.ids.map(id => [nameOf(id), String(id), shareOf(before, id), shareOf(chosen().next, id), logitOf(before, id), logitOf(chosen().next, id)]) }),
  });
  window.minigpt.switchOff = (layer, column) => choose(layer * columns.length + column);
}

// ---------- neurons

// What a neuron does where its activity is negative is the opposite of what its vector speaks for.
function neuronsSection(section) {
  const { firstPosition, strongest, neurons } = it.neurons;
  const viewOf = new Map(neurons.map(view => [`${view.layer}.${view.index}`, view]));
  // At the end, where the next token is decided, in the layer that writes most there.
  const state = { position: T - 1, layer: String(range(layers).reduce((best, l) => strongest.at(-1)[l][0].length > strongest.at(-1)[best][0].length ? l : best, 0)) };
  const shown = () => strongest[state.position - firstPosition][state.layer].map(neuron => {
    const view = viewOf.get(`${state.layer}.${neuron.index}`), isTurned = neuron.activity < 0;
    return { ...neuron, likelier: isTurned ? view.lowers : view.raises, unlikelier: isTurned ? view.raises : view.lowers };
  });
  const strip = el('div');
  const fillStrip = () => strip.replaceChildren(tokenStrip(words.slice(firstPosition), {
    chosen: state.position - firstPosition, onchoose: i => set({ position: firstPosition + i }), paint: () => ({ background: 'transparent' }),
  }));
  const picker = select(text('ui.layer'), numberOptions(layers, false), state.layer, layer => set({ layer }));
  const set = change => {
    const isInside = strip.contains(document.activeElement);
    Object.assign(state, change);
    fillStrip();
    if (isInside) strip.querySelector('.chosen').focus();
    picker.set(state.layer);
    chart.change();
  };
  fillStrip();
  const tokensOf = list => el('span', { className: 'mono' }, list.map(token => nameOf(token.id)).join('  '));
  const chart = figure(section, 'neurons', {
    title: text('neurons.title'), controls: el('div', {}, el('div', { className: 'controls' }, picker.node), el('p', { className: 'quiet' }, text('neurons.position')), strip),
    look: () => text('neurons.look', { layer: Number(state.layer) + 1, token: numbered[state.position], n: shown().length, F: size.feedForwardWidth }),
    draw: plot => plot.replaceChildren(el('div', { className: 'neurons' }, ...shown().map(neuron => el('div', { className: 'neuron' },
      el('b', {}, text('neurons.name', { n: neuron.index + 1 })), el('span', { className: 'quiet' }, text('neurons.activity', { activity: number(neuron.activity), length: number(neuron.length) })),
      el('span', { className: 'likelier' }, text('neurons.likelier')), tokensOf(neuron.likelier),
      el('span', { className: 'unlikelier' }, text('neurons.unlikelier')), tokensOf(neuron.unlikelier))))),
    table: () => ({
      columns: [text('neurons.neuron'), text('neurons.active'), text('neurons.length'), text('neurons.effect')],
      rows: shown().map(({ index, activity, length }) => {
        const { raises, lowers } = viewOf.get(`${state.layer}.${index}`);
        return [`${Number(state.layer) + 1}.${index + 1}`, activity, length, [...raises, ...lowers].map(token => `${nameOf(token.id)} ${number(token.effect)}`).join('  ')];
      }),
    }),
  });
  window.minigpt.showNeurons = (position, layer) => set({ position, layer: String(layer) });
}
