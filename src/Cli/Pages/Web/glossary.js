'use strict';
// The first use of each word of the glossary in the prose of a page leads to what it means, at the page's end.

const explained = 'header p, .lead, .said, .story p';
const untouched = 'a, button, code, table, .formula, .tokens, .mono, .term';

// Longer words come first: "residual stream" is none of the words in it. English ones may have an s.
function patternOfWords(rows) {
  const words = rows.flatMap(row => row.words).sort((a, b) => b.length - a.length).map(word => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return page.language === 'ja' ? new RegExp(`(${words.join('|')})`, 'giu') : new RegExp(`(?<![\\p{L}\\p{N}-])(${words.join('|')})s?(?![\\p{L}\\p{N}-])`, 'giu');
}

function linkWords(main) {
  const rows = page.glossary, pattern = patternOfWords(rows), used = new Map();
  const rowOf = new Map(rows.flatMap((row, i) => row.words.map(word => [word.toLowerCase(), i])));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest(explained) && !parent.closest(untouched)) texts.push(walker.currentNode);
  }
  for (const node of texts) {
    const parts = [];
    let end = 0;
    for (const match of node.data.matchAll(pattern)) {
      const row = rowOf.get(match[1].toLowerCase());
      if (used.has(row)) continue;
      used.set(row, match[1]);
      parts.push(node.data.slice(end, match.index), el('a', { className: 'term', href: `#word-${row + 1}`, title: rows[row].means }, match[0]));
      end = match.index + match[0].length;
    }
    if (parts.length > 0) node.replaceWith(...parts, node.data.slice(end));
  }
  if (used.size === 0) return;
  main.append(el('section', { id: 'words' }, el('h2', {}, text('ui.words')), el('dl', {},
    ...[...used.keys()].sort((a, b) => a - b).flatMap(row => [el('dt', { id: `word-${row + 1}` }, rows[row].words.join(', ')), el('dd', {}, rows[row].means)]))));
}
