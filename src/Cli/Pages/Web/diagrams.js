'use strict';
// Pictures that are no plots: a text in pieces, pieces over each other, a computation as a graph.

// A text in pieces: one way to cut it in each row. rows: [{ name, pieces: [{ text, isMarked }] }]
function piecesOf(rows) {
  return el('div', { className: 'cuts' }, ...rows.map(({ name, pieces }) => el('div', {},
    el('div', { className: 'cut-name' }, el('b', {}, name), ` ${text('lesson.pieces', { n: pieces.length })}`),
    el('div', { className: 'tokens' }, ...pieces.map(piece => el('span', { className: piece.isMarked ? 'token chosen' : 'token' }, visible(piece.text)))))));
}

// Pieces at their places in a text, those of the chosen way in colour. pieces: [{ text, start, score, isMarked }]
function lattice({ name, whole, pieces, width }) {
  const letters = [...whole], free = [];
  const placed = [...pieces].sort((a, b) => b.isMarked - a.isMarked || a.start - b.start || a.text.length - b.text.length).map(piece => {
    const end = piece.start + [...piece.text].length;
    // The chosen way lies in the first lane, whole.
    let lane = 0;
    while ((free[lane] ?? []).some(([from, to]) => piece.start < to && from < end)) lane++;
    (free[lane] ??= []).push([piece.start, end]);
    return { ...piece, end, lane, middle: (piece.start + end) / 2, name: piece.text, said: piece.score.toFixed(1).replace('-', '−') };
  });
  const y = { field: 'lane', type: 'ordinal', axis: null, scale: { domain: [-1, ...range(free.length)], paddingInner: 0.14, paddingOuter: 0.05 } };
  const scale = { domain: [0, letters.length], nice: false };
  const x = { field: 'middle', type: 'quantitative', axis: null, scale };
  const onColour = { condition: { test: 'datum.isMarked', value: colour('accent-ink') }, value: colour('ink') };
  return {
    data: { name, values: placed }, width: width - 12, height: (free.length + 1) * 42,
    layer: [
      // The text itself, above everything.
      { data: { name: `${name}-letters`, values: letters.map((letter, i) => ({ letter, lane: -1, middle: i + 0.5 })) }, mark: { type: 'text', fontSize: 15, dy: 6, color: colour('soft') }, encoding: { x, y, text: { field: 'letter' } } },
      {
        mark: { type: 'bar', cornerRadius: 5, stroke: colour('line'), strokeWidth: 1 },
        encoding: {
          y,
          x: { field: 'start', type: 'quantitative', axis: null, scale },
          x2: { field: 'end' },
          color: { condition: { test: 'datum.isMarked', value: colour('accent') }, value: colour('faint') },
          tooltip: [{ field: 'name', title: ' ' }, { field: 'score', title: 'ln p', format: '.3f' }],
        },
      },
      { mark: { type: 'text', fontSize: 13, fontWeight: 600, dy: -6 }, encoding: { x, y, text: { field: 'name' }, color: onColour } },
      { mark: { type: 'text', fontSize: 10, dy: 10 }, encoding: { x, y, text: { field: 'said' }, color: onColour } },
    ],
  };
}

// A computation from left to right, or on a narrow screen from top to bottom. nodes: [{ name, value, gradient, depth, lane }], edges: [{ from, to, slope }]
function graph({ name, nodes, edges, width }) {
  const isNarrow = width < 640, wide = 62, high = 58;
  const [acrossOf, alongOf] = isNarrow ? [node => node.lane, node => node.depth] : [node => node.depth, node => node.lane];
  const most = pick => Math.max(...nodes.map(pick)), across = most(acrossOf), along = most(alongOf);
  const room = width - 16, height = along * (isNarrow ? 96 : 84) + high + 8;
  const placed = nodes.map(node => {
    const x = wide / 2 + acrossOf(node) / Math.max(1, across) * (room - wide), y = high / 2 + 4 + alongOf(node) / Math.max(1, along) * (height - high - 8);
    return { ...node, x, y, left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2, known: Number.isFinite(node.gradient) };
  });
  const short = value => value.toFixed(3).replace('-', '−');
  const drawn = edges.map(({ from, to, slope }) => {
    const [a, b] = [placed[from], placed[to]];
    const ends = isNarrow ? { x: a.x, y: a.bottom, x2: b.x, y2: b.top } : { x: a.right, y: a.y, x2: b.left, y2: b.y };
    // Where lines from top to bottom part or meet, what is said of each stands where they are further apart; others would have it behind a box there.
    const parts = edges.filter(edge => edge.from === from).length > 1, meets = edges.filter(edge => edge.to === to).length > 1;
    const at = !isNarrow || parts === meets ? 0.5 : parts ? 0.7 : 0.3;
    return { ...ends, atX: ends.x + (ends.x2 - ends.x) * at, atY: ends.y + (ends.y2 - ends.y) * at, slope, label: `×${short(slope)}`, known: b.known };
  });
  const x = (field, domain = true) => ({ field, type: 'quantitative', axis: null, ...(domain ? { scale: { domain: [0, room], nice: false } } : {}) });
  const y = field => ({ field, type: 'quantitative', axis: null, scale: { domain: [height, 0], nice: false } });
  const known = { condition: { test: 'datum.known', value: colour('warm') }, value: colour('line') };
  const line = (dy, content, extra) => ({ mark: { type: 'text', dy, ...extra }, encoding: { x: x('x'), y: y('y'), text: { field: content } } });
  const values = placed.map(node => ({ ...node, value: node.value, said: short(node.value), back: node.known ? short(node.gradient) : '' }));
  return {
    data: { name, values }, width: room, height,
    layer: [
      { data: { name: `${name}-edges`, values: drawn }, mark: { type: 'rule', strokeWidth: 1.6 }, encoding: { x: x('x'), y: y('y'), x2: { field: 'x2' }, y2: { field: 'y2' }, color: known } },
      { data: { name: `${name}-slopes`, values: drawn.filter(edge => edge.known) }, mark: { type: 'text', fontSize: 10.5, color: colour('soft'), stroke: colour('card'), strokeWidth: 4, strokeOpacity: 0.9 }, encoding: { x: x('atX'), y: y('atY'), text: { field: 'label' } } },
      { data: { name: `${name}-slopes-2`, values: drawn.filter(edge => edge.known) }, mark: { type: 'text', fontSize: 10.5, color: colour('soft') }, encoding: { x: x('atX'), y: y('atY'), text: { field: 'label' } } },
      { mark: { type: 'rect', cornerRadius: 6, strokeWidth: 1.4, fill: colour('faint') }, encoding: { x: x('left'), x2: { field: 'right' }, y: y('top'), y2: { field: 'bottom' }, stroke: known } },
      line(-18, 'name', { fontSize: 12, color: colour('soft') }),
      line(0, 'said', { fontSize: 13, fontWeight: 600 }),
      line(18, 'back', { fontSize: 12, fontWeight: 600, color: colour('warm') }),
    ],
  };
}
