'use strict';
// How each kind of stage of a lesson is drawn.

// Heights for the names of points that lie close together, so that none covers another.
function heightsOfNames(points, gap, wide) {
  const heights = points.map(point => point.y);
  for (let round = 0; round < 50; round++) {
    for (let a = 0; a < points.length; a++) {
      for (let b = 0; b < a; b++) {
        const apart = heights[a] - heights[b];
        if (Math.abs(points[a].x - points[b].x) > wide || Math.abs(apart) >= gap) continue;
        const push = (gap - Math.abs(apart)) / 2 * (apart < 0 ? -1 : 1);
        heights[a] += push;
        heights[b] -= push;
      }
    }
  }
  return heights;
}

const isNumber = value => typeof value === 'number';
const largestOf = stage => stage.values.reduce((most, value) => isNumber(value) ? Math.max(most, Math.abs(value)) : most, 0);
const digitsOf = ({ columns, values }) => values.every(value => !isNumber(value) || Number.isInteger(value)) ? 0 : columns.length > 8 ? 2 : 4;

// Rows side by side over each column; where the names of the columns need more room than that, rows lie.
function groupedBars({ key, stage, at, width }) {
  const { rows, columns } = stage, cells = cellsOf(rows, columns, at);
  const colours = rows.length === 2 ? [colour('accent'), colour('warm')] : rows.map((_, i) => headColour(i));
  const domain = stage.slider ? [Math.min(0, ...stage.values.filter(isNumber)), Math.max(0, ...stage.values.filter(isNumber))] : null;
  const band = (width - 60) / columns.length;
  if (columns.length < 20 && columns.some(name => widthOf(name) > band - 4)) {
    return lyingBars({ name: key, width, format: '.3~f', groups: rows, colours, domain, values: cells.map(d => ({ i: d.c, name: d.column, v: d.v, group: d.row })) });
  }
  return {
    data: { name: key, values: cells }, width: Math.max(160, width - 60), height: 190, mark: { type: 'bar' },
    encoding: {
      x: { field: 'column', type: 'nominal', sort: columns, axis: { title: null, labelAngle: 0, ticks: false, values: thinned(columns.length, band, Math.max(...columns.map(name => widthOf(name))) + 4).map(i => columns[i]) } },
      xOffset: { field: 'row', sort: rows },
      y: { field: 'v', type: 'quantitative', title: null, ...(domain ? { scale: { domain } } : {}) }, color: { field: 'row', type: 'nominal', sort: rows, legend: { orient: 'top', title: null, columns: Math.min(4, legendColumns(rows, width)), labelLimit: 260 }, scale: { domain: rows, range: colours } },
      tooltip: [{ field: 'column', title: ' ' }, { field: 'row', title: '  ' }, { field: 'v', title: 'v', format: '.4f' }],
    },
  };
}

// Rows as points, and lines to them from the origin.
function pointsOf({ key, stage, at, width }) {
  const { rows, columns } = stage;
  // From the origin to the right and upwards, where all points are there; else to all sides.
  const side = Math.min(420, width - 60), furthest = largestOf(stage), isPositive = stage.values.every(value => value >= 0);
  const reach = isPositive ? 1.1 : (stage.slider && width < 480 ? 1.5 : 1.3) * furthest, domain = [isPositive ? 0 : -reach, reach], span = domain[1] - domain[0];
  const points = rows.map((name, r) => ({ name, x: at(r, 0), y: at(r, 1), r }));
  const heights = heightsOfNames(points, 17 * span / (side * 0.8), 110 * span / side);
  // Names stand to the right of their points; on a narrow screen above them, moved aside as far as they would leave the picture.
  const isNarrow = width < 480;
  const placeOf = point => {
    const half = widthOf(point.name, 14) * 1.1 * span / side / 2;
    return isNarrow ? Math.max(domain[0] + half, Math.min(domain[1] - half, point.x)) : point.x;
  };
  const values = points.map((point, i) => ({ ...point, height: heights[i], place: placeOf(point) }));
  const axis = stage.slider ? { tickCount: 5 } : {};
  const encoding = { x: { field: 'x', type: 'quantitative', scale: { domain }, axis, title: columns[0] }, y: { field: 'y', type: 'quantitative', scale: { domain }, axis, title: columns[1] } };
  // What turns keeps its shape: both directions have one scale.
  const high = stage.slider ? side : side * 0.8;
  const paint = stage.slider ? { color: { field: 'r', type: 'nominal', legend: null, scale: { domain: range(rows.length), range: rows.map((_, i) => headColour(i)) } } } : {};
  return {
    width: side, height: high, data: { name: key, values },
    layer: [
      { mark: { type: 'rule', strokeWidth: 2, opacity: 0.5, color: colour('accent') }, encoding: { ...encoding, ...paint, x2: { datum: 0 }, y2: { datum: 0 } } },
      { mark: { type: 'circle', size: 90, opacity: 1, color: colour('accent'), tooltip: true }, encoding: { ...encoding, ...paint } },
      { mark: { type: 'text', dx: isNarrow ? 0 : 10, dy: isNarrow ? -14 : -10, align: isNarrow ? 'center' : 'left', fontSize: 14, fontWeight: 600 }, encoding: { ...encoding, x: { ...encoding.x, field: 'place' }, y: { ...encoding.y, field: 'height' }, text: { field: 'name' } } },
    ],
  };
}

// Lines along the rows' numbers; a slider moves a mark along them.
function linesOf({ key, stage, at, width, x, y, stop }) {
  const values = cellsOf(stage.rows, stage.columns, at).map(d => ({ x: Number(stage.rows[d.r]), y: d.v, line: stage.columns[d.c] }));
  const spec = lines({ name: key, width, x, y, order: stage.columns, values });
  if (stop === null) return spec;
  const here = values.filter(d => d.x === Number(stop));
  spec.layer.push(
    { data: { name: `${key}-here`, values: here.slice(0, 1) }, mark: { type: 'rule', strokeWidth: 1.5, strokeDash: [4, 4], color: colour('warm') }, encoding: { x: spec.layer[0].encoding.x } },
    { data: { name: `${key}-marks`, values: here }, mark: { type: 'circle', size: 110, opacity: 1, color: colour('warm') }, encoding: { x: spec.layer[0].encoding.x, y: spec.layer[0].encoding.y } });
  return spec;
}

// Numbers in rows and columns, to be read: five digits of them.
const legible = x => x === null || Number.isInteger(x) || Math.abs(x) < 10 ? number(x) : x.toLocaleString('en', { maximumFractionDigits: Math.max(0, 4 - Math.floor(Math.log10(Math.abs(x)))) }).replace('-', '−');
function plainTable(plot, stage, at) {
  plot.replaceChildren(el('div', { className: 'scroll' }, el('table', { className: 'plain' },
    el('thead', {}, el('tr', {}, ...['', ...stage.columns].map(name => el('th', { scope: 'col' }, name)))),
    el('tbody', {}, ...stage.rows.map((name, r) => el('tr', {}, el('th', { scope: 'row' }, name), ...stage.columns.map((_, c) => el('td', {}, legible(at(r, c))))))))));
}

// How a stage is drawn: kind by kind a function of the plot, its width, the numbers and where the slider stands.
const charts = {
  numbers: ({ key, stage, at, width }) => heatmap({ name: key, rows: stage.rows, columns: stage.columns, width, kind: 'signed', digits: digitsOf(stage), extent: largestOf(stage), cells: cellsOf(stage.rows, stage.columns, at), tallest: 520 }),
  weights: ({ key, stage, at, width }) => heatmap({ name: key, rows: stage.rows, columns: stage.columns, width, kind: 'shares', extent: 1, digits: digitsOf(stage), cells: cellsOf(stage.rows, stage.columns, (r, c) => at(r, c) || null), sums: true, tallest: 520 }),
  bars: given => given.stage.rows.length > 1 ? groupedBars(given) : lyingBars({
    name: given.key, width: given.width, format: '.4~f', title: given.title ?? given.stage.rows[0],
    domain: given.stage.slider ? [Math.min(0, ...given.stage.values.filter(isNumber)), Math.max(0, ...given.stage.values.filter(isNumber))] : null,
    values: given.stage.columns.map((name, c) => ({ i: c, name, v: given.at(0, c) ?? 0 })),
  }),
  lines: linesOf,
  points: pointsOf,
  table: ({ plot, stage, at }) => plainTable(plot, stage, at),
  pieces: ({ plot, stage, frame }) => plot.replaceChildren(piecesOf(stage.rows.map((name, r) => ({ name, pieces: stage.pieces.filter(piece => piece.row === r && piece.frame === frame) })))),
  code: ({ plot, stage }) => plot.replaceChildren(el('pre', { className: 'code mono', tabIndex: 0 }, stage.rows.join('\n'))),
  lattice: ({ key, stage, width }) => lattice({ name: key, whole: stage.rows[0], pieces: stage.pieces, width }),
  graph: ({ key, stage, at, width }) => graph({ name: key, width, edges: stage.edges, nodes: stage.rows.map((name, r) => ({ name, value: at(r, 0), gradient: at(r, 1), ...stage.places[r] })) }),
};
