// Reads a GGUF file with @huggingface/gguf and compares it with the folder that it was converted from:
// minigpt convert --from FOLDER --to FILE.gguf --type q8_0 && node check.mjs FILE.gguf FOLDER
import { GGMLQuantizationType, gguf } from "@huggingface/gguf";
import { readFileSync } from "node:fs";
import { fromHalf, ggufTensors, readFolder } from "./folder.mjs";

const [path, folder] = process.argv.slice(2);
const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
const model = readFolder(folder), file = readFileSync(path);
const fail = (what) => { console.error(`${path}: ${what}`); process.exit(1); };
const sizes = { block_count: "n_layer", context_length: "n_positions", embedding_length: "n_embd", "attention.head_count": "n_head" };
for (const [key, name] of Object.entries(sizes)) if (metadata[`gpt2.${key}`] !== model.config[name]) fail(`${key} is ${metadata[`gpt2.${key}`]}, ${name} ${model.config[name]}`);

function numbersOf({ dtype, offset, shape }) {
  const count = shape.reduce((product, size) => product * Number(size), 1), begin = Number(tensorDataOffset) + Number(offset);
  const view = new DataView(file.buffer, file.byteOffset + begin);
  const half = (at) => fromHalf(view.getUint16(at, true));
  switch (dtype) {
    case GGMLQuantizationType.F32: return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
    case GGMLQuantizationType.F16: return Float32Array.from({ length: count }, (_, i) => half(2 * i));
    case GGMLQuantizationType.Q8_0: return Float32Array.from({ length: count }, (_, i) => half((i >> 5) * 34) * view.getInt8((i >> 5) * 34 + 2 + i % 32));
    default: return fail(`a type ${dtype}`);
  }
}

const expected = new Map(ggufTensors(model));
if (expected.size !== tensorInfos.length) fail(`${tensorInfos.length} tensors, ${expected.size} expected`);
let largest = 0;
for (const info of tensorInfos) {
  const { shape, numbers } = expected.get(info.name) ?? fail(`an unknown tensor ${info.name}`);
  if (info.shape.map(Number).toReversed().join() !== shape.join()) fail(`${info.name} has the shape ${info.shape}`);
  const magnitude = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  numbersOf(info).forEach((number, i) => { largest = Math.max(largest, Math.abs(number - numbers[i]) / (magnitude || 1)); });
}
console.log(`${path}: ${tensorInfos.length} tensors, the largest error ${largest.toExponential(2)} of the largest number of its tensor`);
