// Renders one surface of Signpost as HTML: node render.mjs surface.json > surface.html
// surface.json: {"kind":"thread|private|home|modal","title":"…","messages":[{"name":"…","private":true,"blocks":[…]}]}
import { readFileSync } from "node:fs";
import React from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

const surface = JSON.parse(readFileSync(process.argv[2]));
const css = readFileSync(new URL("./node_modules/slack-blocks-to-jsx/dist/style.css", import.meta.url));

// The renderer shows text objects with verbatim as they are; Slack formats them all the same.
const plain = (v) =>
  Array.isArray(v) ? v.map(plain)
  : v && typeof v === "object" ? Object.fromEntries(Object.entries(v).filter(([k]) => k !== "verbatim").map(([k, x]) => [k, plain(x)]))
  : v;
const colors = { Signpost: "#1f3a5f" };
const logo = (name) => "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="6" fill="${colors[name] ?? "#7c5cbf"}"/>` +
  `<text x="18" y="24" font-family="sans-serif" font-size="17" font-weight="700" fill="#fff" text-anchor="middle">${name[0]}</text></svg>`);
const escape = (s) => s.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const draw = ({ name, blocks }) =>
  renderToStaticMarkup(React.createElement(Message, { theme: "light", time: new Date(), name, logo: logo(name), blocks: plain(blocks) }));

const thread = surface.kind === "thread";
const body = surface.messages.map((m, i) =>
  (m.private ? `<div class="note">Only visible to ${escape(m.private)}</div>` : "") + draw(m) +
  (thread && i === 0 && surface.messages.length > 1 ? `<div class="count">${surface.messages.length - 1} ${surface.messages.length > 2 ? "replies" : "reply"}</div>` : "")).join("\n");
const framed = surface.kind === "home" || surface.kind === "modal";
console.log(`<!doctype html><meta charset="utf-8"><style>${css}
body{font-family:"Noto Sans",Lato,sans-serif;background:#fff;margin:0;padding:20px 24px;width:${surface.kind === "modal" ? 520 : 760}px}
.count{color:#666;font-size:13px;border-top:1px solid #ddd;margin:14px 0;padding-top:6px}
.note{color:#666;font-size:13px;margin:8px 0 0}
h1{font-size:17px;margin:0 0 12px}
.frame{border:1px solid #ccc;border-radius:8px;padding:16px 18px}
/* A view has no author: hide the message's head. */
.frame .slack_blocks_to_jsx__message_header{display:none}
</style>${framed ? `<h1>${escape(surface.title)}</h1><div class="frame">${body}</div>` : body}`);
