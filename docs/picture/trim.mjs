// Cuts the white below a picture: node trim.mjs picture.png
import { readFileSync, writeFileSync } from "node:fs";
import { PNG } from "pngjs";

const file = process.argv[2];
const from = PNG.sync.read(readFileSync(file));
let last = 0;
for (let y = 0; y < from.height; y++)
  for (let x = 0; x < from.width; x++) {
    const at = (y * from.width + x) * 4;
    if (from.data[at] < 250 || from.data[at + 1] < 250 || from.data[at + 2] < 250) { last = y; break; }
  }
const to = new PNG({ width: from.width, height: Math.min(last + 16, from.height) });
PNG.bitblt(from, to, 0, 0, to.width, to.height, 0, 0);
writeFileSync(file, PNG.sync.write(to, { colorType: 2 }));
