// A GPT-2 folder in Hugging Face's layout, read in plain JavaScript.
import { readFileSync } from "node:fs";

export function readFolder(folder) {
  const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
  const file = readFileSync(`${folder}/model.safetensors`);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, start));
  const tensors = new Map();
  delete header.__metadata__;
  for (const [name, { shape, data_offsets: [begin, end] }] of Object.entries(header)) {
    tensors.set(name.replace("transformer.", ""), { shape, numbers: new Float32Array(file.buffer.slice(file.byteOffset + start + begin, file.byteOffset + start + end)) });
  }
  return { config, tensors };
}

// [in, out] to [out, in].
export function transposed({ shape: [rows, columns], numbers }) {
  const result = new Float32Array(numbers.length);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) result[column * rows + row] = numbers[row * columns + column];
  return { shape: [columns, rows], numbers: result };
}

export const layers = ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"];
export const ggufLayers = ["attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_up", "ffn_down"];
export const isMatrix = (layer, kind) => kind === "weight" && layer.includes("c_");

// GGUF's names with [out, in] matrices, in the order of the model.
export function ggufTensors({ config, tensors }) {
  const result = [["token_embd.weight", tensors.get("wte.weight")], ["position_embd.weight", tensors.get("wpe.weight")]];
  for (let block = 0; block < config.n_layer; block++) {
    for (const [i, layer] of layers.entries()) {
      for (const kind of ["weight", "bias"]) {
        const tensor = tensors.get(`h.${block}.${layer}.${kind}`);
        result.push([`blk.${block}.${ggufLayers[i]}.${kind}`, isMatrix(layer, kind) ? transposed(tensor) : tensor]);
      }
    }
  }
  result.push(["output_norm.weight", tensors.get("ln_f.weight")], ["output_norm.bias", tensors.get("ln_f.bias")]);
  result.push(["output.weight", tensors.get("lm_head.weight") ?? tensors.get("wte.weight")]);
  return result;
}

// IEEE halves, written out: not every Node.js has Float16Array.
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

// To the nearest, ties to even; for numbers that are not negative and no larger than the largest half.
export function toHalf(number) {
  const exponent = Math.max(Math.floor(Math.log2(number || 1e-9)), -14), scaled = number * 2 ** (10 - exponent);
  let whole = Math.floor(scaled);
  if (scaled - whole > 0.5 || scaled - whole === 0.5 && whole % 2 === 1) whole++;
  return whole + (exponent + 14) * 1024; // a fraction that was rounded up to 2048 carries into the exponent
}
