// ONNX Runtime's side of bench/run, answering the lines that ../worker.h describes.
//   node worker.js FILE.onnx INPUTS NOTHING.onnx THREADS
//
// A call runs the file once on the next of "frame" [calls, ticks, streams, ...]. What it gives as <name>.next it gets
// as <name> at the next call. Tensors are made once: the two copies of the state change places, and every output is
// written where it lies. The binding is called as onnxruntime-node itself calls it, without the promise around it. What
// the call of a graph without work takes then (NOTHING.onnx, about 13 microseconds, ONNX Runtime's own share of it
// included) is taken off each time.
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const { Tensor } = require('onnxruntime-node');
const { binding, initOrt } = require('onnxruntime-node/dist/binding');

const COLD_FLOATS = 32 << 20; // more than a third-level cache holds
const NOTHING_CALLS = 2000;
const TYPES = { 1: 'float32', 7: 'int64', 9: 'bool' }; // by ONNX's number
const NUMBERS = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array };

function readFrames(file) {
  const bytes = fs.readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { shape, data_offsets: [from, to] } = JSON.parse(bytes.subarray(8, begin)).frame;
  return { shape, data: new Float32Array(new Uint8Array(bytes.subarray(begin + from, begin + to)).buffer) };
}

function writeTensors(file, tensors) {
  const header = {}, parts = [];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] };
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  const text = Buffer.from(JSON.stringify(header)), length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  fs.writeFileSync(file, Buffer.concat([length, text, ...parts]));
}

function zeros(type, dims) {
  return new Tensor(type, new NUMBERS[type](dims.reduce((a, b) => a * b, 1)), dims);
}

function openSession(file, threads) {
  const session = new binding.InferenceSession();
  session.loadModel(file, {
    intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', executionMode: 'sequential', logSeverityLevel: 3,
  });
  return session;
}

// The milliseconds of each call.
function timeCalls(call, calls, prepare = () => {}) {
  const times = new Float64Array(calls);
  for (let i = 0; i < calls; ++i) {
    prepare();
    const start = process.hrtime.bigint();
    call();
    times[i] = Number(process.hrtime.bigint() - start) / 1e6;
  }
  return times;
}

function timeOfNothing(file) {
  const session = openSession(file, 1), feeds = {}, fetches = {};
  for (const { name } of session.inputMetadata) feeds[name] = zeros('float32', [1]);
  for (const { name } of session.outputMetadata) fetches[name] = zeros('float32', [1]);
  return timeCalls(() => session.run(feeds, fetches, {}), NOTHING_CALLS).sort()[NOTHING_CALLS / 2];
}

class Work {
  constructor(file, inputs, threads) {
    this.session = openSession(file, threads);
    const { shape: [calls, ticks, streams, ...rest], data } = readFrames(inputs);
    const { inputMetadata, outputMetadata } = this.session;
    const inputRank = inputMetadata.find(({ name }) => name === 'frame').shape.length;
    const dims = inputRank === rest.length + 2 ? [ticks, streams, ...rest] : [ticks * streams, ...rest];
    const size = data.length / calls;
    this.frames = Array.from({ length: calls },
      (_, i) => new Tensor('float32', data.subarray(i * size, (i + 1) * size), dims));
    this.streams = streams;
    this.states = inputMetadata.filter(({ name }) => name.startsWith('state.'));
    const flags = inputMetadata.filter(({ name }) => name !== 'frame' && !name.startsWith('state.'));
    this.flags = Object.fromEntries(flags.map(({ name }) =>
      [name, new Tensor('bool', new Uint8Array(streams).fill(name === 'active' ? 1 : 0), [streams])]));
    const names = outputMetadata.map(({ name }) => name);
    this.answer = names.includes('logits') ? 'logits' : names.findLast((name) => name.startsWith('state.h'));
    const fetches = Object.fromEntries(names.map((name) => [name, null]));
    const first = this.session.run({ frame: this.frames[0], ...this.flags, ...this.zeroState() }, fetches, {});
    this.copies = [0, 1].map(() =>
      Object.fromEntries(names.map((name) => [name, zeros(first[name].type, first[name].dims)])));
    this.reset();
  }

  zeroState() {
    return Object.fromEntries(this.states.map(({ name, type, shape }) =>
      [name, zeros(TYPES[type], shape.map((size) => (size < 0 ? this.streams : size)))]));
  }

  // The two sets of tensors that calls take by turns: what one writes, the next reads.
  reset() {
    const state = this.zeroState();
    this.turns = [0, 1].map((turn) => {
      const feeds = { ...this.flags }, fetches = this.copies[turn];
      for (const { name } of this.states) feeds[name] = this.copies[1 - turn][`${name}.next`];
      return { feeds, fetches };
    });
    for (const { name } of this.states) this.copies[1][`${name}.next`].data.set(state[name].data);
    this.next = 0;
  }

  call() {
    const { feeds, fetches } = this.turns[this.next % 2];
    feeds.frame = this.frames[this.next % this.frames.length];
    this.session.run(feeds, fetches, {});
    ++this.next;
    return fetches[this.answer].data;
  }

  check() {
    this.reset();
    const rows = this.frames.map(() => this.call().slice());
    const data = new Float32Array(rows.length * rows[0].length);
    rows.forEach((row, i) => data.set(row, i * row.length));
    return { logits: { shape: [rows.length, rows[0].length], data } };
  }
}

function peakMegabytes() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

async function main() {
  const [file, inputs, nothing, threads] = process.argv.slice(2);
  initOrt();
  const overhead = timeOfNothing(nothing), work = new Work(file, inputs, Number(threads));
  let other;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, argument, mode] = line.trim().split(' ');
    let answer = 'done';
    if (verb === 'check') {
      writeTensors(argument, work.check());
    } else if (verb === 'time') {
      if (mode === 'cold') other ??= new Float32Array(COLD_FLOATS).fill(1);
      const prepare = mode === 'cold' ? () => other.reduce((a, b) => a + b) : () => {};
      const times = timeCalls(() => work.call(), Number(argument) + 1, prepare).subarray(1);
      answer = Array.from(times, (time) => (time - overhead).toFixed(6)).join(' ');
    } else if (verb === 'memory') {
      answer = peakMegabytes().toFixed(1);
    }
    process.stdout.write(`${answer}\n`);
  }
}

main();
