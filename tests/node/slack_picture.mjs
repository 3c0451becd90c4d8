// Reads {"messages": [{"blocks": [...]}]} from standard input, writes a page that shows them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

const require = createRequire(import.meta.url);
const style = readFileSync(require.resolve("slack-blocks-to-jsx/dist/style.css"), "utf8");
// The renderer takes "verbatim" for "no marks at all"; Slack still formats, it only links nothing.
const read = (key, value) => (key === "verbatim" ? undefined : value);
const { messages } = JSON.parse(readFileSync(0, "utf8"), read);
const logo =
  "data:image/svg+xml;utf8," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="8" fill="#b3261e"/></svg>',
  );
const shown = messages.map(({ blocks }) =>
  renderToStaticMarkup(
    createElement(Message, { blocks, name: "Hotlead", logo, time: new Date(0), withoutWrapper: false }),
  ),
);
process.stdout.write(
  `<!doctype html><meta charset="utf-8"><style>${style} body{margin:16px;font-family:sans-serif}</style>` +
    shown.join("<hr>"),
);
