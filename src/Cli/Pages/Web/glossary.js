'use strict';
// The first use of each word of the glossary in the prose and captions of a page leads to what it means, at the page's end.

const explained = 'header p, .lead, .said, .story p, figcaption';
const untouched = 'a, button, code, table, .formula, .tokens, .mono, .term';

// Words that a lesson, or the report of a training, uses in another sense than the glossary: a value of a weight, the keys to a cabinet.
const otherSenses = { gradients: ['value'], quantisation: ['block'], 'masked-word': ['mask'], rnn: ['key'], report: ['norm', 'value'] };

// Of each row of the glossary that a page uses, the paragraph or caption that uses it first.
const homes = new Map();

// Longer words come first: "residual stream" is none of the words in it. English ones may have an s.
function patternOfWords(rows) {
  const words = rows.flatMap(row => row.words).sort((a, b) => b.length - a.length).map(word => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return page.language === 'ja' ? new RegExp(`(${words.join('|')})`, 'giu') : new RegExp(`(?<![\\p{L}\\p{N}-])(${words.join('|')})s?(?![\\p{L}\\p{N}-])`, 'giu');
}

// Makes links of the words in a part of the page, each once, where leads(row, home) says that the word's first use is in that paragraph or caption.
function linkWordsIn(root, leads) {
  const rows = page.glossary, pattern = patternOfWords(rows), linked = new Set();
  const others = otherSenses[page.content.stages ? page.content.name : page.content.runs ? 'report' : ''] ?? [];
  const rowOf = new Map(rows.flatMap((row, i) => row.words.map(word => [word.toLowerCase(), i])));
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest(explained) && !parent.closest(untouched)) texts.push(walker.currentNode);
  }
  for (const node of texts) {
    const home = node.parentElement.closest(explained), parts = [];
    let end = 0;
    for (const match of node.data.matchAll(pattern)) {
      const row = rowOf.get(match[1].toLowerCase());
      if (linked.has(row) || !leads(row, home) || others.includes(match[1].toLowerCase())) continue;
      linked.add(row);
      homes.set(row, home);
      parts.push(node.data.slice(end, match.index), el('a', { className: 'term', href: `#word-${row + 1}`, title: rows[row].means }, match[0]));
      end = match.index + match[0].length;
    }
    if (parts.length > 0) node.replaceWith(...parts, node.data.slice(end));
  }
}

function linkWords(main) {
  linkWordsIn(document.body, row => !homes.has(row));
  if (homes.size === 0) return;
  const rows = page.glossary;
  main.append(el('section', { id: 'words' }, el('h2', {}, text('ui.words')), el('dl', {},
    ...[...homes.keys()].sort((a, b) => a - b).flatMap(row => [el('dt', { id: `word-${row + 1}` }, rows[row].words.join(', ')), el('dd', {}, rows[row].means)]))));
}

// A caption that is said anew has the links that it had.
function linkWordsAgain(caption) {
  if ([...homes.values()].includes(caption)) linkWordsIn(caption, (row, home) => homes.get(row) === home);
}
