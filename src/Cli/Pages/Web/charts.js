'use strict';
// The charts that figures show, as Vega-Lite specifications.

// So many names that they can be read side by side.
const thinned = (count, cell, needed = 13) => {
  const every = Math.max(1, Math.ceil(needed / cell));
  return range(count).filter(i => i % every === 0);
};

// How wide a label is, as it is drawn.
const pen = document.createElement('canvas').getContext('2d');
function widthOf(label, fontSize = 12) {
  pen.font = `${fontSize}px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(label).width;
}

// How many names a legend has room for side by side.
const legendColumns = (names, width) => Math.max(1, Math.min(6, Math.floor((width - 50) / (Math.max(...names.map(name => widthOf(name))) + 34))));

// What can be read on each colour of a scale: black or white.
function inksOn({ type, domain, range: colours }) {
  const along = type === 'sqrt' ? Math.sqrt : x => x, ends = domain.map(along), paints = colours.map(rgbOf);
  return v => {
    const at = along(v);
    if (!Number.isFinite(at)) return '#000000';
    const part = Math.max(0, Math.min(ends.length - 2, ends.findLastIndex(end => end <= at)));
    const share = ends[part + 1] > ends[part] ? Math.max(0, Math.min(1, (at - ends[part]) / (ends[part + 1] - ends[part]))) : 0;
    return inkOn(rgb(paints[part].map((from, i) => from + (paints[part + 1][i] - from) * share)));
  };
}

// A matrix as colours. cells: [{ r, c, v, row, column }]; what is not among them stays empty.
function heatmap({ name, rows, columns, cells, width, kind, title = ['', ''], unit = '', digits = null, sums = false, square = true, extent = null, tallest = 720 }) {
  // A column that says of each row that it adds up has no place on a narrow screen.
  sums &&= width >= 480;
  const labelLimit = width < 480 ? 78 : 120;
  const longest = Math.min(labelLimit, Math.max(...rows.map(label => widthOf(label))));
  const room = Math.max(120, width - longest - (title[0] ? 34 : 14) - (sums ? 62 : 0));
  const cell = Math.max(square ? 1.2 : 7, Math.min(square ? 46 : 64, room / columns.length));
  const high = square ? Math.min(cell, tallest / rows.length) : Math.min(26, tallest / rows.length);
  const wide = square ? high : cell;
  const largest = extent ?? cells.reduce((most, d) => Number.isFinite(d.v) ? Math.max(most, Math.abs(d.v)) : most, 0);
  const scale = kind === 'shares'
    ? { type: 'sqrt', domain: [0, largest / 9, largest / 2.5, largest], range: shares(), interpolate: 'rgb' }
    : { domain: [-largest, 0, largest], range: signed(), interpolate: 'rgb' };
  const axis = (orient, labels, titleText, step) => ({
    orient, title: titleText || null, ticks: false, labelPadding: 4, labelOverlap: false, labelLimit,
    values: thinned(labels.length, step, orient === 'top' ? 9.5 : 10.5), labelFontSize: Math.max(9, Math.min(12, step - 1)), labelExpr: `${orient === 'top' ? 'columnNames' : 'rowNames'}[datum.value]`,
    ...(orient === 'top' ? { labelAngle: Math.max(...labels.map(label => widthOf(label))) > step - 4 && Math.max(...labels.map(label => label.length)) > 1 ? -90 : 0 } : {}),
  });
  const y = { field: 'r', type: 'ordinal', scale: { domain: range(rows.length) }, axis: axis('left', rows, title[0], high) };
  const map = {
    width: wide * columns.length, height: high * rows.length,
    layer: [{
      mark: { type: 'rect', cornerRadius: wide > 12 ? 2 : 0, stroke: wide > 12 ? colour('card') : null, strokeWidth: 1 },
      encoding: {
        x: { field: 'c', type: 'ordinal', scale: { domain: range(columns.length) }, axis: axis('top', columns, title[1], wide) },
        y,
        color: { field: 'v', type: 'quantitative', scale, legend: { title: unit || null, orient: 'bottom', format: kind === 'shares' ? '.0%' : '.2~f', tickCount: 4 } },
        tooltip: [{ field: 'row', title: title[0] || ' ' }, { field: 'column', title: title[1] || '  ' }, { field: 'v', title: unit || 'v', format: '.4f' }],
      },
    }],
  };
  const digitsThatFit = digits ?? 2;
  const longestNumber = cells.reduce((most, d) => Math.max(most, d.v.toFixed(digitsThatFit).length), 0);
  if (wide >= 6.4 * longestNumber + 3 && high >= 16) {
    const inkOf = inksOn(scale);
    cells = cells.map(d => ({ ...d, isDark: inkOf(d.v) === '#ffffff' }));
    map.layer.push({
      mark: { type: 'text', fontSize: 11 },
      encoding: {
        x: { field: 'c', type: 'ordinal' }, y: { field: 'r', type: 'ordinal' }, text: { field: 'v', type: 'quantitative', format: `.${digitsThatFit}f` },
        color: { condition: { test: 'datum.isDark', value: '#ffffff' }, value: '#000000' },
      },
    });
  }
  const params = [{ name: 'rowNames', value: rows }, { name: 'columnNames', value: columns }];
  const data = { name, values: cells };
  if (!sums) return { params, data, ...map };
  return {
    params, data, spacing: 14,
    hconcat: [map, {
      width: 34, height: high * rows.length, mark: { type: 'bar', color: colour('good'), cornerRadiusEnd: 0 },
      encoding: {
        y: { ...y, axis: null },
        x: { aggregate: 'sum', field: 'v', type: 'quantitative', scale: { domain: [0, 1] }, axis: { orient: 'top', title: 'Σ', values: [1], format: 'd', grid: false } },
        tooltip: [{ aggregate: 'sum', field: 'v', title: 'Σ', format: '.4f' }],
      },
    }],
  };
}

// Cells of a matrix given row by row.
function cellsOf(rows, columns, at) {
  const cells = [];
  for (let r = 0; r < rows.length; r++) {
    for (let c = 0; c < columns.length; c++) {
      const v = at(r, c);
      if (v !== null && Number.isFinite(v)) cells.push({ r, c, v, row: rows[r], column: columns[c] });
    }
  }
  return cells;
}

// Bars that lie, the largest on top. values: [{ name, v, group, mark }]
function lyingBars({ name, values, width, format = '.1%', title = null, groups = null, colours = [colour('cold-1'), colour('accent')], domain = null }) {
  const labelWidth = Math.min(150, Math.max(...values.map(d => widthOf(d.name)))) + 14, behind = groups ? 14 : 56;
  const base = { y: { field: 'i', type: 'ordinal', axis: { title: null, ticks: false, labelExpr: 'names[datum.value]', labelLimit: 150 } } };
  const x = { field: 'v', type: 'quantitative', axis: { format: format.replace(/(\.\d)([%f])/, '$1~$2'), title, tickCount: width < 480 ? 3 : 5, labelFlush: false }, scale: domain ? { domain } : { zero: true, nice: false } };
  // Shares that are small are not nothing.
  const label = format === '.1%' ? { field: 'label' } : { field: 'v', format };
  // What is said of a bar that goes to the left stands to the right of it.
  if (!groups) values = values.map(d => ({ ...d, label: percent(d.v), tip: Math.max(0, d.v) }));
  const count = new Set(values.map(d => d.i)).size;
  const names = [];
  values.forEach(d => names[d.i] = d.name);
  const tooltip = [{ field: 'name', title: ' ' }, { field: 'v', title: title ?? 'v', format: '.4f' }];
  const common = { params: [{ name: 'names', value: names }], data: { name, values }, width: Math.max(80, width - labelWidth - behind), height: count * (groups ? Math.max(26, 11 * groups.length) : 23) };
  if (groups) {
    return {
      ...common, mark: { type: 'bar' },
      encoding: { ...base, x, yOffset: { field: 'group', sort: groups }, tooltip,
        color: { field: 'group', type: 'nominal', sort: groups, scale: { domain: groups, range: colours }, legend: { orient: 'top', title: null, labelLimit: 320, direction: width < 480 ? 'vertical' : 'horizontal' } } },
    };
  }
  return {
    ...common,
    layer: [
      { mark: { type: 'bar' }, encoding: { ...base, x, tooltip, color: { condition: { test: 'datum.mark', value: colour('warm') }, value: colour('accent') } } },
      { mark: { type: 'text', align: 'left', dx: 5, fontSize: 12 }, encoding: { ...base, x: { ...x, field: 'tip' }, text: label } },
    ],
  };
}

// Lines along a number. values: [{ x, y, line }]
function lines({ name, values, width, height = 230, x, y, zero = false, order = null, logarithmic = false, legend = true, format = ',~r' }) {
  const domain = order ?? [...new Set(values.map(d => d.line))];
  return {
    data: { name, values }, width: Math.max(160, width - 70), height,
    layer: [{
      mark: { type: 'line', strokeWidth: 2, interpolate: 'linear', clip: true, tooltip: true },
      encoding: {
        x: { field: 'x', type: 'quantitative', title: x, scale: { nice: false }, axis: { grid: false, tickMinStep: 1, format: values.some(d => d.x >= 1e5) ? '~s' : ',~r' } },
        y: { field: 'y', type: 'quantitative', title: y, scale: { zero, type: logarithmic ? 'log' : 'linear', nice: true }, axis: { format } },
        color: { field: 'line', type: 'nominal', sort: domain, scale: { domain, range: domain.map((_, i) => headColour(i)) },
          legend: legend && domain.length > 1 ? { orient: 'top', title: null, columns: legendColumns(domain, width), labelLimit: 260 } : null },
        tooltip: [{ field: 'line', title: ' ' }, { field: 'x', title: x }, { field: 'y', title: y, format: '.5~g' }],
      },
    }],
  };
}
