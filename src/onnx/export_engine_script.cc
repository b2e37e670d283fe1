#include "onnx/export_engine_script.h"

namespace longtake::onnx {

const std::string_view kEngineScript = R"JS('use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const [folder, runs] = process.argv.slice(2);
const types = { F32: ['float32', Float32Array], I64: ['int64', BigInt64Array], U8: ['bool', Uint8Array] };

function load() {
  try {
    return createRequire(path.join(process.cwd(), 'x'))('onnxruntime-web');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    process.exit(3);
  }
}

const ort = load();

// The tensors of a safetensors file, by tick.
function read(file) {
  const bytes = fs.readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...entries } = JSON.parse(bytes.subarray(8, begin).toString());
  const ticks = Array.from({ length: Number(__metadata__.ticks) }, () => ({}));
  for (const [key, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    const slash = key.indexOf('/');
    const data = new Uint8Array(bytes.subarray(begin + from, begin + to));
    const [type, Numbers] = types[dtype];
    ticks[Number(key.slice(0, slash))][key.slice(slash + 1)] = new ort.Tensor(type, new Numbers(data.buffer), shape);
  }
  return ticks;
}

function write(file, ticks) {
  const header = {}, parts = [];
  let end = 0;
  ticks.forEach((tensors, tick) => {
    for (const [name, { type, data, dims }] of Object.entries(tensors)) {
      const dtype = Object.keys(types).find((key) => types[key][0] === type);
      parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      header[`${tick}/${name}`] = { dtype, shape: dims, data_offsets: [end, (end += data.byteLength)] };
    }
  });
  const text = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  fs.writeFileSync(file, Buffer.concat([length, text, ...parts]));
}

async function run(number) {
  const session = await ort.InferenceSession.create(fs.readFileSync(path.join(folder, `${number}.onnx`)));
  const results = [];
  for (const given of read(path.join(folder, `${number}.inputs`))) {
    const feeds = {};
    for (const name of session.inputNames) feeds[name] = given[name] ?? results.at(-1)?.[`${name}.next`];
    results.push(await session.run(feeds));
  }
  write(path.join(folder, `${number}.outputs`), results);
  await session.release();
}

async function main() {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  for (let number = 0; number < Number(runs); ++number) await run(number);
}

main().catch((error) => {
  console.error(error.message ?? error);
  process.exit(1);
});
)JS";

}  // namespace longtake::onnx
