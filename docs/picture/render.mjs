// Renders a paste and its answer as a Slack thread in HTML: PASTE=… node render.mjs answer.json > thread.html
import { readFileSync } from "node:fs";
import React from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

const { blocks } = JSON.parse(readFileSync(process.argv[2]));
const css = readFileSync(new URL("./node_modules/slack-blocks-to-jsx/dist/style.css", import.meta.url));

// The renderer shows text objects with verbatim as they are; Slack formats them all the same.
const plain = (v) =>
  Array.isArray(v) ? v.map(plain)
  : v && typeof v === "object" ? Object.fromEntries(Object.entries(v).filter(([k]) => k !== "verbatim").map(([k, x]) => [k, plain(x)]))
  : v;
const logo = (color, letter) => "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="6" fill="${color}"/>` +
  `<text x="18" y="24" font-family="sans-serif" font-size="17" font-weight="700" fill="#fff" text-anchor="middle">${letter}</text></svg>`);
const message = (name, color, blocks) =>
  renderToStaticMarkup(React.createElement(Message, { theme: "light", time: new Date(), name, logo: logo(color, name[0]), blocks: plain(blocks) }));

const paste = [{ type: "section", text: { type: "mrkdwn", text: "I can't get into Expenses any more :(\n```" + process.env.PASTE + "```" } }];
console.log(`<!doctype html><meta charset="utf-8"><style>${css}
body{font-family:"Noto Sans",Lato,sans-serif;background:#fff;margin:20px 24px;width:760px}
.count{color:#666;font-size:13px;border-top:1px solid #ddd;margin:14px 0;padding-top:6px}</style>
${message("Mia Sanders", "#7c5cbf", paste)}<div class="count">1 reply</div>${message("Signpost", "#1f3a5f", blocks)}`);
