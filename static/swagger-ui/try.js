// Tries participants' calls out: this server signs, encrypts and sends them with the keys of a participant. Ours.
"use strict";

// In the page for who may send in somebody's name: {api, senders: [{dipId, name, roles}], channels, ownId}.
window.tryOut = (() => {
  const page = document.getElementById("swagger-ui");
  const offer = page?.dataset.trying ? JSON.parse(page.dataset.trying) : null;
  const ENDLESS = /\/stream\/|\/uploads/;
  const chosen = new Map();

  // The channel whose messages an address takes; "" for every other address.
  const channelOf = (path) => path.match(/^\/dip-channel\/([^/?]+)\/?(\?|$)/)?.[1] ?? "";

  const inOrder = (channel) => {
    const roles = offer.channels[channel];
    const may = (one) => !roles || one.roles.some((role) => roles.includes(role));
    return [offer.senders.filter(may), offer.senders.filter((one) => !may(one))];
  };

  const senderOf = (channel) => {
    const [may, others] = inOrder(channel);
    return chosen.get(channel) ?? (may[0] ?? others[0]).dipId;
  };

  // The document as somebody needs it for whom the server signs: examples in clear, signature headers left out.
  const prepared = (text) => {
    const content = JSON.parse(text);
    for (const parameter of Object.values(content.components?.parameters ?? {})) {
      if (parameter.in === "header") {
        parameter.required = false;
        parameter.description = `Made by this server. What stands here goes out instead. ${parameter.description}`;
      }
    }
    for (const path of Object.values(content.paths)) {
      if (!path.servers) continue;
      for (const operation of Object.values(path)) {
        for (const parameter of operation.parameters ?? []) {
          if (parameter.name === "recipient_id") parameter.example = offer.ownId;
        }
        const examples = operation.requestBody?.content?.["application/json"]?.examples ?? {};
        for (const example of Object.values(examples)) {
          if (example.$ref) example.$ref = example.$ref.replace(/\.sealed$/, "");
        }
      }
    }
    return JSON.stringify(content);
  };

  const ofApi = (url) => offer !== null && url.startsWith(`${offer.api}/`);

  // A call of the participants' API becomes one of the portal, which makes the real one.
  const request = (call, formToken) => {
    if (!ofApi(call.url)) return call;
    const path = call.url.slice(offer.api.length);
    const body = call.body === undefined ? "" : typeof call.body === "string" ? call.body : JSON.stringify(call.body);
    const wanted = { as: senderOf(channelOf(path)), method: call.method.toUpperCase(), path, headers: call.headers ?? {}, body };
    call.url = new URL("/docs/try", location.href).href;
    call.method = "POST";
    call.headers = { "Content-Type": "application/json", "X-Form-Token": formToken };
    call.body = JSON.stringify(wanted);
    return call;
  };

  // The real answer in place of the portal's, with what was sent beside it.
  const response = (answer) => {
    if (offer === null || !answer.ok || new URL(answer.url, location.href).pathname !== "/docs/try") return answer;
    const tried = JSON.parse(answer.text);
    answer.status = tried.status;
    answer.ok = tried.status >= 200 && tried.status < 300;
    answer.statusText = "";
    answer.headers = tried.headers;
    answer.text = answer.data = tried.body;
    try {
      answer.obj = answer.body = JSON.parse(tried.body);
    } catch {
      answer.obj = answer.body = null;
    }
    answer.tried = JSON.stringify({ sent: tried.sent, opened: tried.opened, whole: tried.whole, transactions: transactions(answer.obj) });
    return answer;
  };

  const transactions = (body) =>
    (body?.messageArray ?? []).map((entry) => entry.transactionID).filter((one) => one !== null && one !== undefined);

  const indented = (text) => {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  };

  const choice = (Original, { React }) => (props) => {
    const h = React.createElement;
    const [, redraw] = React.useState(0);
    const server = props.specSelectors.specJson().getIn(["paths", props.path, "servers"]);
    if (offer === null || !server) return h(Original, props);
    const channel = channelOf(props.path);
    const [may, others] = inOrder(channel);
    const option = (one) => h("option", { key: one.dipId, value: one.dipId }, `${one.name} · ${one.roles.join(", ")} · ${one.dipId}`);
    const group = (label, found) => found.length > 0 && h("optgroup", { label }, found.map(option));
    const choose = (event) => {
      chosen.set(channel, event.target.value);
      redraw((count) => count + 1);
    };
    return h(
      React.Fragment,
      null,
      h(
        "label",
        { className: "try-sender" },
        h("span", null, "Send as"),
        h(
          "select",
          { value: senderOf(channel), onChange: choose },
          channel && offer.channels[channel] ? [group(`May send ${channel}`, may), group("May not: see it refused", others)].map((one, number) => h(React.Fragment, { key: number }, one)) : offer.senders.map(option),
        ),
      ),
      h(Original, props),
    );
  };

  const answerWithSent = (Original, { React }) => (props) => {
    const h = React.createElement;
    const text = props.response?.get("tried");
    if (!text) return h(Original, props);
    const { sent, opened, whole, transactions: made } = JSON.parse(text);
    const headers = Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}`);
    return h(
      React.Fragment,
      null,
      h(
        "section",
        { className: "try-sent" },
        h("h4", null, "What was sent"),
        h("p", null, `As ${sent.name} (${sent.as}), signed and sent over mutual TLS with the certificate of this participant.`),
        sent.filled.length > 0 && h("p", null, `Put in for the values of the example: ${sent.filled.join(", ")}.`),
        made.map((one) => h("p", { key: one }, "Message ", h("a", { href: `/messages/${encodeURIComponent(one)}` }, one))),
        !whole && h("p", null, "The answer is longer than what is shown here."),
        h("details", null, h("summary", null, "Request as it went over the wire"), h("pre", { tabIndex: 0 }, `${sent.method} ${sent.url}\n${headers.join("\n")}\n\n${indented(sent.body)}`)),
        opened && h("details", { open: true }, h("summary", null, "Answer, decrypted"), h("pre", { tabIndex: 0 }, JSON.stringify(opened, null, 2))),
      ),
      h(Original, props),
    );
  };

  // A command that would be refused: it has neither signature nor certificate.
  const commandOfOwnServer = (Original, { React }) => (props) =>
    ofApi(props.request?.get("url") ?? "") ? null : React.createElement(Original, props);

  const plugin = () => ({
    statePlugins: {
      spec: {
        wrapSelectors: {
          allowTryItOutFor: () => (state, path) =>
            !state.getIn(["json", "paths", path, "servers"]) || (offer !== null && !ENDLESS.test(path)),
        },
        wrapActions: {
          updateSpec: (original) => (text) => original(offer === null || !text ? text : prepared(text)),
        },
      },
    },
    wrapComponents: offer === null ? {} : { execute: choice, liveResponse: answerWithSent, curl: commandOfOwnServer },
  });

  return { plugin, request, response };
})();
