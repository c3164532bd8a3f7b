'use strict';
// A lesson, stage by stage, and its checks.

const lesson = page.content;
const find = key => page.texts[`lesson.${lesson.name}.${key}`];
// A difference: powers of ten stay on one line.
const small = (value, digits) => value === 0 ? '0' : value.toExponential(digits).replace('-', '−');
const titleOf = key => text(`lesson.${lesson.name}.${key}`);

// Sliders by their keys: stages that share one move together.
const sliders = {};
function sliderOf(stage, id) {
  const { key, stops, start } = stage.slider;
  const shared = sliders[key] ??= { at: start, inputs: [], moved: [] };
  const output = el('output', { htmlFor: id });
  const input = el('input', { type: 'range', id, min: 0, max: stops.length - 1, step: 1, value: shared.at, oninput: () => move(Number(input.value)) });
  const show = () => {
    input.value = shared.at;
    input.setAttribute('aria-valuetext', stops[shared.at]);
    output.textContent = stops[shared.at];
  };
  const move = at => {
    shared.at = at;
    shared.inputs.forEach(showOne => showOne());
    shared.moved.forEach(change => change());
  };
  shared.inputs.push(show);
  show();
  return { shared, node: el('div', { className: 'sliders' }, el('label', { htmlFor: id }, titleOf(`slider.${key}`)), input, output) };
}

function stageFigure(section, stage, index) {
  const { rows, columns } = stage, key = `stage-${index + 1}`;
  const slider = stage.slider ? sliderOf(stage, `${key}-slider`) : null;
  const stop = () => slider ? slider.shared.at : 0;
  const frame = () => columns.length > 0 && stage.values.length === rows.length * columns.length ? 0 : stop();
  // JSON has no infinities: what is hidden comes as text, and so does what there is none of.
  const given = (r, c) => stage.values[(frame() * rows.length + r) * columns.length + c];
  const at = (r, c) => isNumber(given(r, c)) ? given(r, c) : null;
  const title = titleOf(stage.key), isNamed = rows[0] === stage.key || title.includes(rows[0]);
  const single = rows.length === 1 && stage.kind === 'bars' && !isNamed && !slider && !find(`${stage.key}.x`) ? `: ${rows[0]}` : '';
  const chart = figure(section, key, {
    title: `${index + 1}. ${title}${single}`, formula: find(`${stage.key}.formula`), look: titleOf(`${stage.key}.look`), controls: slider?.node ?? null,
    draw: (plot, width) => charts[stage.kind]({
      plot, key, stage, at, width, frame: frame(), stop: stage.slider?.marksRows ? stage.slider.stops[stop()] : null,
      title: find(`${stage.key}.x`), ...(stage.kind === 'lines' ? { x: titleOf(`${stage.key}.x`), y: titleOf(`${stage.key}.y`) } : {}),
    }),
    table: stage.kind === 'table' || columns.length === 0 ? null
      : () => ({ columns: ['', ...columns], rows: rows.map((name, r) => [name.replace(/^-(?=\d)/, '−'), ...columns.map((_, c) => at(r, c) ?? (given(r, c) === '-Infinity' ? '−∞' : ''))]) }),
  });
  slider?.shared.moved.push(() => chart.change());
}

frame({
  kicker: `${text('lesson.kicker')} · minigpt lesson ${lesson.name}`, title: titleOf('title'), intro: ['idea', 'about'].map(key => el('p', { className: 'lead', id: key }, titleOf(key))),
  sections: [
    { id: 'stages', name: text('lesson.stages'), lead: text('lesson.stages.lead'), fill: section => lesson.stages.forEach((stage, i) => stageFigure(section, stage, i)) },
    {
      id: 'checks', name: text('lesson.checks'), lead: text('lesson.checks.lead'), fill: section => lesson.checks.forEach(check => section.append(
        el('div', { className: `check ${check.passed ? 'passed' : 'failed'}` }, el('span', {}, check.text, ' ', el('small', {}, `(${text('lesson.difference')} ${small(check.error, 1)}, ${text('lesson.allowed')} ${small(Number(check.tolerance.toPrecision(2)))})`))))),
    },
  ],
});
