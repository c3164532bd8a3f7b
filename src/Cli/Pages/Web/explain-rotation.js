'use strict';
// Rotary positions: queries and keys that turn with their position.

function rotationFigures(section) {
  const { frequencies, queries, keys } = it.rotation, [H, tokens, D] = queries.shape, G = keys.shape[0], half = D / 2;
  const allQueries = floats(queries.data), allKeys = floats(keys.data);
  // The tokens are those of the text that the decoder reads.
  const names = (read ?? sentence).numbered.slice(0, tokens);
  const vector = (all, head, token) => all.subarray((head * tokens + token) * D, (head * tokens + token + 1) * D);
  const state = { head: '0', query: String(tokens - 1), key: String(Math.max(0, tokens - 3)), pair: String(Math.min(half - 1, 1)), shift: 0 };
  const { charts, set, picker } = linked(state);
  const query = () => vector(allQueries, Number(state.head), Number(state.query));
  const key = () => vector(allKeys, Math.floor(Number(state.head) * G / H), Number(state.key));
  const turned = (v, pair, position) => {
    const angle = position * frequencies[pair], [x, y] = [v[pair], v[pair + half]];
    return { x: x * Math.cos(angle) - y * Math.sin(angle), y: x * Math.sin(angle) + y * Math.cos(angle) };
  };
  // Both are turned to where they stand, and multiplied then: that only the distance matters comes out, it is not put in.
  const productOf = (pair, m, n) => {
    const [q, k] = [turned(query(), pair, m), turned(key(), pair, n)];
    return q.x * k.x + q.y * k.y;
  };
  const product = (m, n) => range(half).reduce((sum, pair) => sum + productOf(pair, m, n), 0);
  const places = () => [Number(state.query), Number(state.key)];
  window.minigpt.rotation = { set, product, places };

  const pairs = range(half).map(pair => [String(pair), `${pair + 1}: ${degrees(frequencies[pair])}`]);
  const tokenOptions = () => names.map((name, i) => [String(i), name]);
  const pickers = withPair => el('div', { className: 'controls' }, picker('head', numberOptions(H, false)), picker('query', tokenOptions()), picker('key', tokenOptions()), ...(withPair ? [picker('pair', pairs)] : []));
  const output = el('output', {}, '0');
  const slider = el('div', { className: 'sliders' }, el('label', { htmlFor: 'slider-shift' }, text('rotation.shift')),
    el('input', { type: 'range', id: 'slider-shift', min: 0, max: 100, step: 1, value: 0, oninput(event) {
      output.textContent = event.target.value;
      set({ shift: Number(event.target.value) });
    } }), output);

  charts.push(figure(section, 'rotation-turn', {
    title: text('rotation.turn'), controls: el('div', {}, pickers(true), slider),
    look: () => {
      const [m, n] = places(), pair = Number(state.pair);
      return text('rotation.turn.look', {
        turn: degrees(frequencies[pair]), query: names[m], key: names[n], head: Number(state.head) + 1, pair: pair + 1, first: pair + 1, second: pair + 1 + half,
        between: degrees((m - n) * frequencies[pair]), product: number(productOf(pair, m + state.shift, n + state.shift)), whole: number(product(m + state.shift, n + state.shift)),
      });
    },
    draw(plot, width) {
      const pair = Number(state.pair), [m, n] = places(), side = Math.min(380, width - 60);
      const points = [
        ['query', turned(query(), pair, 0), false], ['key', turned(key(), pair, 0), false],
        ['query', turned(query(), pair, m + state.shift), true], ['key', turned(key(), pair, n + state.shift), true],
      ].map(([who, point, isTurned]) => ({ ...point, isTurned, who: text(`rotation.${who}`), name: isTurned ? (who === 'query' ? names[m] : names[n]) : '' }));
      const reach = 1.25 * Math.max(1e-6, ...points.map(point => Math.hypot(point.x, point.y))), domain = [-reach, reach];
      const who = [text('rotation.query'), text('rotation.key')];
      const axis = title => ({ title, tickCount: 5, format: '.3~f' });
      const encoding = {
        x: { field: 'x', type: 'quantitative', scale: { domain, nice: false }, axis: axis(`d${pair + 1}`) }, y: { field: 'y', type: 'quantitative', scale: { domain, nice: false }, axis: axis(`d${pair + 1 + half}`) },
        color: { field: 'who', type: 'nominal', sort: who, scale: { domain: who, range: [colour('accent'), colour('warm')] }, legend: { orient: 'top', title: null, labelLimit: 240, direction: width < 480 ? 'vertical' : 'horizontal' } },
        opacity: { condition: { test: 'datum.isTurned', value: 1 }, value: 0.3 },
        tooltip: [{ field: 'who', title: ' ' }, { field: 'x', format: '.4f' }, { field: 'y', format: '.4f' }],
      };
      return {
        width: side, height: side, data: { name: 'rotation-turn', values: points },
        layer: [
          { mark: { type: 'rule', strokeWidth: 2.5 }, encoding: { ...encoding, x2: { datum: 0 }, y2: { datum: 0 } } },
          { mark: { type: 'circle', size: 90 }, encoding },
          { mark: { type: 'text', dy: -14, fontSize: 13, fontWeight: 600 }, encoding: { x: encoding.x, y: encoding.y, text: { field: 'name' } } },
        ],
      };
    },
    table: () => ({
      columns: [text('ui.pair'), text('rotation.frequency'), text('rotation.query'), text('rotation.key'), text('rotation.product')],
      rows: range(half).map(pair => {
        const [m, n] = places(), show = v => `${number(v.x)}, ${number(v.y)}`;
        return [String(pair + 1), degrees(frequencies[pair]), show(turned(query(), pair, m + state.shift)), show(turned(key(), pair, n + state.shift)), productOf(pair, m + state.shift, n + state.shift)];
      }),
    }),
  }));

  const far = 1000, furthest = 64;
  const distances = () => range(furthest).map(d => d + Math.min(0, places()[0] - places()[1]));
  // The key stands at the position 64, or a thousand further on.
  const along = start => distances().map(x => ({ x, y: product(furthest + start + x, furthest + start) }));
  charts.push(figure(section, 'rotation-distance', {
    title: text('rotation.distance'), controls: pickers(false),
    look: () => {
      const [m, n] = places(), here = along(0), there = along(far);
      return text('rotation.distance.look', {
        query: names[m], key: names[n], distance: m - n, product: number(product(m, n)), far,
        difference: Math.max(...here.map((point, i) => Math.abs(point.y - there[i].y))).toExponential(0).replace('-', '−'),
      });
    },
    draw(plot, width) {
      const [m, n] = places();
      const x = { field: 'x', type: 'quantitative', title: text('rotation.apart'), scale: { nice: false }, axis: { grid: false, tickMinStep: 1 } };
      const y = { field: 'y', type: 'quantitative', title: text('rotation.product'), scale: { zero: false }, axis: { format: '.3~f', tickCount: 5 } };
      const tooltip = [{ field: 'x', title: text('rotation.apart') }, { field: 'y', title: text('rotation.product'), format: '.4f' }];
      return {
        width: Math.max(160, width - 70), height: 220,
        layer: [
          { data: { name: 'rotation-far', values: along(far) }, mark: { type: 'line', strokeWidth: 9, opacity: 0.25, color: colour('accent') }, encoding: { x, y } },
          { data: { name: 'rotation-distance', values: along(0) }, mark: { type: 'line', strokeWidth: 2, color: colour('accent'), tooltip: true }, encoding: { x, y, tooltip } },
          { data: { name: 'rotation-real', values: [{ x: m - n, y: product(m, n) }] }, mark: { type: 'circle', size: 130, opacity: 1, color: colour('warm') }, encoding: { x, y, tooltip } },
        ],
      };
    },
    table: () => {
      const there = along(far);
      return { columns: [text('rotation.apart'), text('rotation.product'), text('rotation.product-far', { far })], rows: along(0).map((point, i) => [String(point.x), point.y, there[i].y]) };
    },
  }));
}

const degrees = angle => `${Number((angle * 180 / Math.PI).toPrecision(4))}°`.replace('-', '−');
