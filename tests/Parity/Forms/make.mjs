// Writes gpt2-tiny as GGUF and as a model of llm.c: npm install && node make.mjs ../../fixtures/gpt2-tiny ../../fixtures/forms
// The GGUF's keys are written by @huggingface/gguf, Q8_0 as ggml's quantize_row_q8_0_ref does it, llm.c's file as its train_gpt2.py does.
import { GGUFValueType, serializeGgufMetadata } from "@huggingface/gguf";
import { writeFileSync } from "node:fs";
import { ggufTensors, isMatrix, layers, readFolder, toHalf, transposed } from "./folder.mjs";

const [from, to] = process.argv.slice(2);
const model = readFolder(from);
const { config, tensors } = model;

function quantized(numbers) {
  const bytes = Buffer.alloc(numbers.length / 32 * 34);
  for (let block = 0; block < numbers.length / 32; block++) {
    const x = numbers.subarray(block * 32, block * 32 + 32);
    let amax = 0;
    for (const number of x) amax = Math.max(amax, Math.abs(number));
    const d = Math.fround(amax / 127), id = d === 0 ? 0 : Math.fround(1 / d);
    bytes.writeUInt16LE(toHalf(d), block * 34);
    x.forEach((number, i) => {
      const scaled = Math.fround(number * id);
      bytes.writeInt8(Math.sign(scaled) * Math.round(Math.abs(scaled)), block * 34 + 2 + i);
    });
  }
  return bytes;
}

function ggufFile(fileType, store) {
  const u32 = (value) => ({ value, type: GGUFValueType.UINT32 }), text = (value) => ({ value, type: GGUFValueType.STRING });
  const list = ggufTensors(model).map(([name, tensor]) => [name, tensor, store(name, tensor)]);
  const keys = serializeGgufMetadata({
    version: u32(3), tensor_count: { value: BigInt(list.length), type: GGUFValueType.UINT64 }, kv_count: { value: 0n, type: GGUFValueType.UINT64 },
    "general.architecture": text("gpt2"), "general.name": text("gpt2-tiny"), "general.file_type": u32(fileType),
    "gpt2.block_count": u32(config.n_layer), "gpt2.context_length": u32(config.n_positions), "gpt2.embedding_length": u32(config.n_embd),
    "gpt2.feed_forward_length": u32(4 * config.n_embd), "gpt2.attention.head_count": u32(config.n_head),
    "gpt2.attention.layer_norm_epsilon": { value: config.layer_norm_epsilon, type: GGUFValueType.FLOAT32 },
    "tokenizer.ggml.model": text("none"), "tokenizer.ggml.bos_token_id": u32(config.bos_token_id), "tokenizer.ggml.eos_token_id": u32(config.eos_token_id),
  });
  // The library pads to the alignment, as if no tensors followed.
  const parts = [Buffer.from(keys).subarray(0, endOfKeys(Buffer.from(keys)))];
  let offset = 0;
  for (const [name, { shape }, [type, bytes]] of list) {
    const info = Buffer.alloc(8 + name.length + 4 + shape.length * 8 + 4 + 8);
    let at = info.writeBigUInt64LE(BigInt(name.length), 0);
    at += info.write(name, at);
    at = info.writeUInt32LE(shape.length, at);
    for (const size of shape.toReversed()) at = info.writeBigUInt64LE(BigInt(size), at);
    at = info.writeUInt32LE(type, at);
    info.writeBigUInt64LE(BigInt(offset), at);
    parts.push(info);
    offset += Math.ceil(bytes.length / 32) * 32;
  }
  const pad = (length) => Buffer.alloc((32 - length % 32) % 32);
  parts.push(pad(parts.reduce((sum, part) => sum + part.length, 0)));
  for (const [, , [, bytes]] of list) parts.push(bytes, pad(bytes.length));
  return Buffer.concat(parts);
}

// The last key is a number of four bytes.
function endOfKeys(bytes) {
  const key = "tokenizer.ggml.eos_token_id";
  return bytes.indexOf(key) + key.length + 4 + 4;
}

const floats = (numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
writeFileSync(`${to}/gpt2-tiny.f32.gguf`, ggufFile(0, (_, { numbers }) => [0, floats(numbers)]));
writeFileSync(`${to}/gpt2-tiny.q8_0.gguf`, ggufFile(7, (name, { shape, numbers }) =>
  shape.length === 2 && name !== "position_embd.weight" ? [8, quantized(numbers)] : [0, floats(numbers)]));

const header = new Int32Array(256), padded = Math.ceil(config.vocab_size / 128) * 128;
header.set([20240326, 3, config.n_positions, config.vocab_size, config.n_layer, config.n_head, config.n_embd, padded]);
const wte = new Float32Array(padded * config.n_embd);
wte.set(tensors.get("wte.weight").numbers);
const parts = [Buffer.from(header.buffer), floats(wte), floats(tensors.get("wpe.weight").numbers)];
for (const layer of layers) {
  for (const kind of ["weight", "bias"]) {
    for (let block = 0; block < config.n_layer; block++) {
      const tensor = tensors.get(`h.${block}.${layer}.${kind}`);
      parts.push(floats((isMatrix(layer, kind) ? transposed(tensor) : tensor).numbers));
    }
  }
}
parts.push(floats(tensors.get("ln_f.weight").numbers), floats(tensors.get("ln_f.bias").numbers));
writeFileSync(`${to}/gpt2-tiny.bin`, Buffer.concat(parts));
