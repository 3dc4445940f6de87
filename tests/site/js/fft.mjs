// The transform of a plane: node fft.mjs FILE ROWS COLUMNS WAY, doubles in and out, all real parts before all imaginary ones.
import { readFileSync, writeFileSync } from "node:fs";
import { el, run } from "./dom.mjs";

const [file, rows, columns, way] = process.argv.slice(2);
const { buffer, byteOffset } = readFileSync(file);
const count = Number(rows) * Number(columns);
const numbers = new Float64Array(buffer.slice(byteOffset, byteOffset + 16 * count));
run("fft.js", el("body")).value("FFT")[way](numbers.subarray(0, count), numbers.subarray(count), Number(rows), Number(columns));
writeFileSync(file, new Uint8Array(numbers.buffer));
