'use strict';
// Training curves: the report of one run, or several runs over each other.

const runs = page.content.runs;
// Folders of one name are told apart by their order.
runs.forEach((run, i) => run.title = runs.some((other, j) => j !== i && other.name === run.name) ? `${run.name} (${i + 1})` : run.name);
const alone = runs.length === 1;
const names = runs.map(run => run.title);
const step = text('report.step');
const loss = value => value === null ? '' : value.toFixed(4);
const rate = values => values.every(d => Number.isFinite(d.y)) ? values : values.filter(d => Number.isFinite(d.y));
const points = (get, line) => runs.flatMap(run => run.steps.map(point => ({ x: point.step, y: get(point), line: line ?? run.title })));
const stepTable = (columns, get) => ({
  columns: [...(alone ? [] : [text('report.run')]), step, ...columns],
  rows: runs.flatMap(run => run.steps.map(point => [...(alone ? [] : [run.title]), String(point.step), ...get(point)])),
});

function curve(section, key, get, y, options = {}) {
  figure(section, key, {
    title: text(`report.${key}`), look: text(`report.${key}.look`),
    draw: (plot, width) => lines({ name: key, width, x: step, y, values: rate(points(get, alone ? text(`report.${key}`) : null)), order: alone ? null : names, ...options }),
    table: () => stepTable([text(`report.${key}`)], point => [get(point)]),
  });
}

function reportCurves(section) {
  const run = runs[0];
  const series = [
    ['batch', run.steps.map(p => [p.step, p.loss])], ['smooth', run.steps.map(p => [p.step, p.smoothLoss])],
    ['train', run.evaluations.map(e => [e.step, e.trainLoss])], ['validation', run.evaluations.map(e => [e.step, e.validationLoss])],
  ].filter(([, list]) => list.some(([, y]) => y !== null));
  const labels = series.map(([name]) => text(`report.series.${name}`));
  figure(section, 'loss', {
    title: text('report.loss'), look: text('report.loss.look'),
    draw(plot, width) {
      const values = rate(series.flatMap(([name, list]) => list.map(([x, y]) => ({ x, y, line: text(`report.series.${name}`) }))));
      const spec = lines({ name: 'loss', width, height: 300, x: step, y: text('report.loss.unit'), values, order: labels });
      const colours = { batch: colour('cold-1'), smooth: colour('accent'), train: '#f59e0b', validation: colour('warm') };
      const layer = spec.layer[0];
      layer.encoding.color.scale.range = series.map(([name]) => colours[name]);
      layer.mark.strokeWidth = 1.6;
      const evaluated = values.filter(d => d.line === text('report.series.train') || d.line === text('report.series.validation'));
      if (evaluated.length > 0) spec.layer.push({ data: { name: 'evaluations', values: evaluated }, mark: { type: 'circle', size: 46, opacity: 1 }, encoding: { ...layer.encoding } });
      return spec;
    },
    table: () => ({
      columns: [step, ...labels],
      rows: [...new Set(series.flatMap(([, list]) => list.map(([x]) => x)))].sort((a, b) => a - b).map(x => [String(x), ...series.map(([, list]) => list.find(([at]) => at === x)?.[1] ?? '')]),
    }),
  });
}

function comparedCurves(section) {
  const evaluations = get => runs.flatMap(run => run.evaluations.map(e => ({ x: e.step, y: get(e), line: run.title })));
  if (runs.some(run => run.evaluations.length > 0)) figure(section, 'validation', {
    title: text('compare.validation'), look: text('compare.validation.look'),
    draw(plot, width) {
      const values = rate(evaluations(e => e.validationLoss));
      const spec = lines({ name: 'validation', width, height: 300, x: step, y: text('report.loss.unit'), values, order: names });
      spec.layer.push({ mark: { type: 'circle', size: 46, opacity: 1 }, encoding: { ...spec.layer[0].encoding } });
      return spec;
    },
    table: () => ({ columns: [text('report.run'), step, text('compare.validation')], rows: runs.flatMap(run => run.evaluations.map(e => [run.title, String(e.step), e.validationLoss])) }),
  });
  figure(section, 'train', {
    title: text('compare.train'), look: text('compare.train.look'),
    draw: (plot, width) => lines({ name: 'train', width, height: 300, x: step, y: text('report.loss.unit'), values: rate(points(p => p.smoothLoss)), order: names }),
    table: () => stepTable([text('compare.train')], p => [p.smoothLoss]),
  });
}

function curvesSection(section) {
  (alone ? reportCurves : comparedCurves)(section);
  curve(section, 'rate', p => p.learningRate, text('report.rate'), { height: 150, zero: true });
  curve(section, 'norm', p => p.gradientNorm, text('report.norm'), { height: 170, zero: true });
  curve(section, 'speed', p => p.tokensPerSecond, text('report.speed.unit'), { height: 170, zero: true, format: '~s' });
}

function samplesSection(section) {
  if (runs.every(run => run.samples.length === 0)) section.append(el('p', { className: 'quiet' }, text('report.no-samples')));
  for (const run of runs) {
    for (const sample of run.samples) section.append(el('h3', {}, `${alone ? '' : `${run.title}, `}${step} ${sample.step.toLocaleString('en')}`), el('p', { className: 'sample' }, sample.text));
  }
}

function optionsSection(section) {
  const keys = [...new Set(runs.flatMap(run => Object.keys(run.options)))].filter(key => alone || new Set(runs.map(run => run.options[key] ?? '')).size > 1);
  const rows = keys.map(key => [key.replaceAll('_', '-'), ...runs.map(run => run.options[key] ?? '')]);
  section.append(el('div', { className: 'card' }, el('div', { className: 'plot' }, el('table', {},
    el('thead', {}, el('tr', {}, ...[text('compare.option'), ...names].map(name => el('th', {}, name)))),
    el('tbody', {}, ...rows.map(row => el('tr', {}, ...row.map(cell => el('td', {}, cell)))))))));
}

const facts = alone
  ? [['report.steps', runs[0].steps.at(-1)?.step ?? 0], ['report.tokens', runs[0].tokens.toLocaleString('en')], ['report.best', loss(runs[0].bestValidationLoss)], ['report.final', loss(runs[0].lastValidationLoss)]]
  : [];
frame({
  kicker: text(alone ? 'report.kicker' : 'compare.kicker'), title: alone ? text('report.title', { run: names[0] }) : text('compare.title', { count: runs.length }),
  intro: [el('ul', { className: 'facts' }, ...facts.map(([key, value]) => el('li', {}, text(key) + ' ', el('b', {}, String(value)))))],
  sections: [
    { id: 'curves', name: text('report.curves'), lead: text('report.curves.lead'), fill: curvesSection },
    { id: 'samples', name: text('report.samples'), lead: text('report.samples.lead'), fill: samplesSection },
    { id: 'options', name: text(alone ? 'report.options' : 'compare.options'), lead: text(alone ? 'report.options.lead' : 'compare.options.look'), fill: optionsSection },
  ],
});
