// Keeps the dashboard up to date: blocks that changed come as server-sent events, drawn by the server.
"use strict";
(() => {
  const RELOAD_MS = 30000;
  const said = document.querySelector("[data-live]");
  if (!said || !window.EventSource) return;

  const blocks = new Map();
  for (const body of document.querySelectorAll("[data-block]")) blocks.set(body.dataset.block, body);
  const shown = new Map();
  const held = new Map();

  const say = text => { if (said.textContent !== text) said.textContent = text; };

  // What somebody has the focus in, or has marked, stays until they leave it.
  const isInUse = body => {
    if (body.contains(document.activeElement)) return true;
    const selection = document.getSelection();
    return Boolean(selection && !selection.isCollapsed && selection.rangeCount
      && selection.getRangeAt(0).intersectsNode(body));
  };
  const show = (name, html) => {
    const body = blocks.get(name);
    if (!body) return;
    if (isInUse(body)) { held.set(name, html); return; }
    held.delete(name);
    // A live region is told of what is new alone: the same again would be read out again.
    if (shown.get(name) === html) return;
    shown.set(name, html);
    body.innerHTML = html;
  };
  const showHeld = () => { for (const [name, html] of [...held]) show(name, html); };
  document.addEventListener("focusout", () => setTimeout(showHeld, 0));
  document.addEventListener("selectionchange", showHeld);

  const source = new EventSource(said.dataset.live);
  source.addEventListener("open", () => say("Live"));
  source.addEventListener("message", event => {
    const { block, html } = JSON.parse(event.data);
    show(block, html);
    say("Live");
  });
  source.addEventListener("over", () => {
    source.close();
    say("Your log-in is over. Load the page again to log in.");
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CONNECTING) { say("Lost, trying again"); return; }
    say("Not live: this page loads itself again every 30 seconds");
    setTimeout(() => location.reload(), RELOAD_MS);
  });
  window.addEventListener("pagehide", () => source.close());
})();
