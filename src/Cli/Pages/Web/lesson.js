'use strict';
// A lesson, stage by stage, and its checks.

const lesson = page.content;
const titleOf = key => text(`lesson.${lesson.name}.${key}`);

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

function stageFigure(section, stage, index) {
  const { rows, columns } = stage;
  // JSON has no infinities: what is hidden comes as text.
  const at = (r, c) => typeof stage.values[r * columns.length + c] === 'number' ? stage.values[r * columns.length + c] : null;
  const key = `stage-${index + 1}`;
  const draw = {
    numbers: (plot, width) => heatmap({ name: key, rows, columns, width, kind: 'signed', digits: columns.length > 8 ? 2 : 4, cells: cellsOf(rows, columns, at), tallest: 520 }),
    weights: (plot, width) => heatmap({ name: key, rows, columns, width, kind: 'shares', extent: 1, digits: columns.length > 8 ? 2 : 4, cells: cellsOf(rows, columns, (r, c) => at(r, c) || null), sums: true, tallest: 520 }),
    bars: (plot, width) => rows.length === 1
      ? lyingBars({ name: key, width, format: '.4f', title: rows[0], values: columns.map((name, c) => ({ i: c, name, v: at(0, c) })) })
      : {
        data: { name: key, values: cellsOf(rows, columns, at) }, width: Math.max(160, width - 60), height: 190, mark: { type: 'bar' },
        encoding: {
          x: { field: 'column', type: 'nominal', sort: columns, axis: { title: null, labelAngle: 0, ticks: false } }, xOffset: { field: 'row', sort: rows },
          y: { field: 'v', type: 'quantitative', title: null }, color: { field: 'row', type: 'nominal', sort: rows, legend: { orient: 'top', title: null }, scale: { domain: rows, range: [colour('accent'), colour('warm')] } },
          tooltip: [{ field: 'column', title: ' ' }, { field: 'row', title: '  ' }, { field: 'v', title: 'v', format: '.4f' }],
        },
      },
    lines: (plot, width) => lines({ name: key, width, x: titleOf(stage.key), y: ' ', order: columns, values: cellsOf(rows, columns, at).map(d => ({ x: Number(rows[d.r]), y: d.v, line: columns[d.c] })) }),
    points: (plot, width) => {
      // From the origin to the right and upwards, where all points are there; else to all sides.
      const side = Math.min(420, width - 60), furthest = Math.max(...stage.values.map(Math.abs)), isPositive = stage.values.every(value => value >= 0);
      const reach = isPositive ? 1.1 : 1.3 * furthest, domain = [isPositive ? 0 : -reach, reach], span = domain[1] - domain[0];
      const points = rows.map((name, r) => ({ name, x: at(r, 0), y: at(r, 1) }));
      const heights = heightsOfNames(points, 17 * span / (side * 0.8), 110 * span / side);
      const values = points.map((point, i) => ({ ...point, height: heights[i] }));
      const encoding = { x: { field: 'x', type: 'quantitative', scale: { domain }, title: columns[0] }, y: { field: 'y', type: 'quantitative', scale: { domain }, title: columns[1] } };
      return {
        width: side, height: side * 0.8, data: { name: key, values },
        layer: [
          { mark: { type: 'rule', strokeWidth: 2, opacity: 0.5, color: colour('accent') }, encoding: { ...encoding, x2: { datum: 0 }, y2: { datum: 0 } } },
          { mark: { type: 'circle', size: 90, color: colour('accent'), tooltip: true }, encoding },
          { mark: { type: 'text', dx: 10, dy: -10, align: 'left', fontSize: 14, fontWeight: 600 }, encoding: { ...encoding, y: { ...encoding.y, field: 'height' }, text: { field: 'name' } } },
        ],
      };
    },
  };
  const title = titleOf(stage.key), isNamed = rows[0] === stage.key || title.includes(rows[0]);
  const single = rows.length === 1 && stage.kind === 'bars' && !isNamed ? `: ${rows[0]}` : '';
  figure(section, key, {
    title: `${index + 1}. ${title}${single}`, look: titleOf(`${stage.key}.look`), draw: draw[stage.kind],
    table: () => ({ columns: ['', ...columns], rows: rows.map((name, r) => [name, ...columns.map((_, c) => at(r, c) ?? '−∞')]) }),
  });
}

frame({
  kicker: `${text('lesson.kicker')} · minigpt lesson ${lesson.name}`, title: titleOf('title'), intro: ['idea', 'about'].map(key => el('p', { className: 'lead', id: key }, titleOf(key))),
  sections: [
    { id: 'stages', name: text('lesson.stages'), lead: text('lesson.stages.lead'), fill: section => lesson.stages.forEach((stage, i) => stageFigure(section, stage, i)) },
    {
      id: 'checks', name: text('lesson.checks'), lead: text('lesson.checks.lead'), fill: section => lesson.checks.forEach(check => section.append(
        el('div', { className: `check ${check.passed ? 'passed' : 'failed'}` }, el('span', {}, check.text, ' ', el('small', {}, `(${text('lesson.difference')} ${check.error.toExponential(1)}, ${text('lesson.allowed')} ${check.tolerance})`))))),
    },
  ],
});
