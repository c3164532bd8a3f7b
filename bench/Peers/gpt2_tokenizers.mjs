// Encodes texts with GPT-2's vocabulary in npm's js-tiktoken and gpt-tokenizer: node gpt2_tokenizers.mjs FILE...
// Prints a line a text and package: package, name, MB/s (median of 5 after 2 to warm up), how many ids.
import fs from 'node:fs';
import path from 'node:path';
import { Tiktoken } from 'js-tiktoken/lite';
import gpt2 from 'js-tiktoken/ranks/gpt2';
import { encode } from 'gpt-tokenizer/encoding/gpt2';

const tiktoken = new Tiktoken(gpt2);
const packages = { 'js-tiktoken': text => tiktoken.encode(text), 'gpt-tokenizer': text => encode(text) };
for (const file of process.argv.slice(2)) {
  const bytes = fs.readFileSync(file);
  const text = bytes.toString('utf8');
  for (const [name, encodeAll] of Object.entries(packages)) {
    const seconds = [];
    let count = 0;
    for (let round = 0; round < 7; round++) {
      const start = process.hrtime.bigint();
      count = encodeAll(text).length;
      seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
    }
    const median = seconds.slice(2).sort((a, b) => a - b)[2];
    console.log(name, path.basename(file), (bytes.length / 1e6 / median).toFixed(1), count);
  }
}
