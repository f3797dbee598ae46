// Draws one traversal. Whatever comes from outside becomes text or a number, never markup.
const SVG = "http://www.w3.org/2000/svg";
const APP = { name: "sonik-graph", title: "Sonik", version: "1" };
const PROTOCOL = "2026-01-26";
const MOST_NODES = 150, LONGEST_LABEL = 26, TICKS = 320, LINK = 120, NEAR = 62;
const byId = (id) => document.getElementById(id);
const graph = { nodes: new Map(), edges: new Map(), start: null };
const seen = { x: 0, y: 0, scale: 1 };
let words = WORDS.en, told = null, failed = false, chosen = null, canCall = false, asked = 0;
const waiting = new Map();

// --- The host: JSON-RPC over postMessage, from the parent frame alone.

function post(message) { window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*"); }

function request(method, params) {
  const id = ++asked;
  post({ id, method, params });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function hear(event) {
  const message = event.data;
  if (event.source !== window.parent || !message || message.jsonrpc !== "2.0") return;
  if (message.method === undefined) {
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (one) message.error ? one.reject(message.error) : one.resolve(message.result ?? {});
  } else if (HEARD[message.method]) {
    HEARD[message.method](message.params ?? {});
    if (message.id !== undefined) post({ id: message.id, result: {} });
  } else if (message.id !== undefined) {
    post({ id: message.id, error: { code: -32601, message: "Method not found" } });
  }
}

const HEARD = {
  "ui/notifications/tool-input": () => show(null),
  "ui/notifications/tool-result": (result) => show(result),
  "ui/notifications/tool-cancelled": () => show({ isError: true }),
  "ui/notifications/host-context-changed": (context) => dress(context),
  "ui/resource-teardown": () => {},
  "ping": () => {},
};

async function greet() {
  const params = { appInfo: APP, appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] }, protocolVersion: PROTOCOL };
  const host = await request("ui/initialize", params);
  canCall = Boolean(host.hostCapabilities?.serverTools);
  dress(host.hostContext ?? {});
  post({ method: "ui/notifications/initialized", params: {} });
  new ResizeObserver(() => {
    const { width, height } = document.documentElement.getBoundingClientRect();
    post({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
    fit();
  }).observe(document.documentElement);
}

function dress(context) {
  const root = document.documentElement;
  if (context.theme) root.dataset.theme = context.theme === "dark" ? "dark" : "light";
  for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
    if (/^--(color-[a-z-]+|font-sans)$/.test(name) && typeof value === "string") root.style.setProperty(name, value);
  }
  if (context.locale) speak(context.locale);
}

function speak(locale) {
  const language = String(locale).slice(0, 2).toLowerCase();
  words = WORDS[language] ?? WORDS.en;
  document.documentElement.lang = WORDS[language] ? language : "en";
  for (const name of ["closer", "farther", "whole"]) byId(name).setAttribute("aria-label", words[name]);
  byId("keys").textContent = words.keys;
  draw();
}

// --- The traversal: hits with their steps, or where a short result leaves them out, with the path in words.

function show(result) {
  failed = Boolean(result?.isError);
  told = failed ? null : result?.structuredContent ?? null;
  for (const part of [graph.nodes, graph.edges]) part.clear();
  graph.start = chosen = null;
  seen.x = seen.y = 0;
  if (told) read(told);
  draw();
  fit();
}

function read(result) {
  const start = named(result.start?.name ?? "?", result.start?.ref);
  graph.start ??= start;
  for (const hit of (Array.isArray(result.hits) ? result.hits : []).slice(0, MOST_NODES)) {
    let from = start;
    const steps = Array.isArray(hit.steps) ? hit.steps : stepsOf(String(hit.path ?? ""));
    for (const [place, step] of steps.entries()) {
      const last = place === steps.length - 1;
      const to = named(step.name, last ? hit.ref : step.ref);
      join(from, to, step);
      from = to;
    }
    if (!steps.length) from = named(hit.name, hit.ref);
    Object.assign(from, { hit, kind: KINDS.includes(hit.kind) ? hit.kind : "other", told: true });
  }
  settle();
}

function stepsOf(path) {
  const found = path.matchAll(/ ([<>])([A-Z_]{2,40}) ([0-9.]+) “([^”]*)”/g);
  return Array.from(found, (one) => ({ direction: one[1] === ">" ? "out" : "in", edge: one[2], weight: Number(one[3]), name: one[4] }));
}

function named(name, ref) {
  // On the way a node may have a name only; that it is the one of a ref is seen when that one comes.
  const label = String(name), id = ref ? String(ref) : null;
  const known = [...graph.nodes.values()].find((node) => (id && node.ref ? node.ref === id : node.name === label));
  const key = String(graph.nodes.size);
  const node = known ?? { key, name: label, ref: null, kind: "other", hit: null, told: false, near: new Set() };
  node.ref ??= id;
  graph.nodes.set(node.key, node);
  return node;
}

function join(from, to, step) {
  const [source, target] = step.direction === "in" ? [to, from] : [from, to];
  const type = String(step.edge), weight = Math.min(1, Math.max(0, Number(step.weight) || 0));
  const key = `${source.key}|${type}|${target.key}`;
  if (source === target || graph.edges.has(key)) return;
  graph.edges.set(key, { key, source, target, type, weight });
  source.near.add(target);
  target.near.add(source);
  for (const [place, node] of [source, target].entries()) {
    if (!node.told && node.kind === "other") node.kind = ENDS[type]?.[place] ?? "other";
  }
}

// --- Places: springs along edges, and every node keeps the others at a distance.

function settle() {
  const nodes = [...graph.nodes.values()], edges = [...graph.edges.values()];
  nodes.forEach((node, place) => { if (node.x === undefined) begin(node, place); });
  for (let tick = 0; tick < TICKS; tick++) {
    const heat = 1 - tick / TICKS;
    for (const node of nodes) node.dx = node.dy = 0;
    for (const [place, one] of nodes.entries()) for (const other of nodes.slice(place + 1)) repel(one, other);
    for (const { source, target, weight } of edges) attract(source, target, LINK * (1.35 - 0.45 * weight));
    for (const node of nodes) {
      if (node === graph.start) continue;
      const pull = Math.hypot(node.dx, node.dy) || 1, step = Math.min(pull, 24 * heat + 1) / pull;
      node.x += node.dx * step - node.x * 0.004;
      node.y += node.dy * step - node.y * 0.010;
    }
  }
}

// A node begins beyond the one that leads to it, so that ways seldom cross.
function begin(node, place) {
  const from = [...node.near].find((other) => other.x !== undefined);
  if (!from) return Object.assign(node, { x: place ? LINK : 0, y: place * 3 });
  const kid = (from.kids = (from.kids ?? 0) + 1), aside = kid % 2 ? -Math.ceil(kid / 2) : kid / 2;
  const turn = from === graph.start ? (kid * 2 * Math.PI) / from.near.size - 0.4
    : Math.atan2(from.y - graph.start.y, from.x - graph.start.x) + (aside + (from.near.size % 2 ? 0.5 : 0)) * 0.75;
  return Object.assign(node, { x: from.x + LINK * Math.cos(turn), y: from.y + LINK * Math.sin(turn) });
}

function repel(one, other) {
  // Labels are wide and low, so what lies beside another needs more room than what lies above it.
  const dx = (one.x - other.x) * 0.72 || 0.1, dy = one.y - other.y || 0.1;
  const far = Math.hypot(dx, dy), push = Math.min(40, (NEAR * NEAR * 2.2) / (far * far) + (far < NEAR ? (NEAR - far) * 0.35 : 0));
  const [x, y] = [(dx / far) * push, (dy / far) * push];
  one.dx += x; one.dy += y; other.dx -= x; other.dy -= y;
}

function attract(one, other, length) {
  const dx = other.x - one.x, dy = other.y - one.y, far = Math.hypot(dx, dy) || 1, pull = (far - length) * 0.09;
  one.dx += (dx / far) * pull; one.dy += (dy / far) * pull;
  other.dx -= (dx / far) * pull; other.dy -= (dy / far) * pull;
}

// --- The drawing.

function make(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function tag(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const short = (text) => (text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text);
const edgeWord = (type) => words.edges[type] ?? type.toLowerCase().replaceAll("_", " ");
const radius = (node) => (node === graph.start ? 17 : 8 + 7 * Math.min(1, Math.max(0, Number(node.hit?.score) || 0)));

function draw() {
  const hits = [...graph.nodes.values()].filter((node) => node.told).length;
  const total = Math.max(hits, Number(told?.total) || 0);
  byId("title").textContent = told ? words.title(total, graph.start.name) : "Sonik";
  byId("subtitle").textContent = told ? words.shown(hits, total) : "";
  byId("empty").hidden = hits > 0;
  byId("empty").textContent = failed ? words.failed : told ? words.nothing : words.waiting;
  byId("edges").replaceChildren(...[...graph.edges.values()].map(edgeOf));
  byId("nodes").replaceChildren(...[...graph.nodes.values()].map(nodeOf));
  const kinds = KINDS.filter((kind) => [...graph.nodes.values()].some((node) => node.kind === kind));
  byId("legend").replaceChildren(...kinds.map(legendOf));
  choose(chosen);
}

function edgeOf(edge) {
  const { source: a, target: b } = edge, ends = { x1: a.x, y1: a.y, x2: b.x, y2: b.y };
  const word = edgeWord(edge.type), shown = edge.weight.toFixed(2);
  const drawn = make("g", { class: "edge", "data-weight": edge.weight });
  drawn.append(
    make("line", { ...ends, class: "reach" }), make("line", { ...ends, "stroke-width": (0.75 + 6 * edge.weight ** 3).toFixed(2) }),
    make("text", { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 - 9 }, `${word} ${shown}`),
    make("title", {}, `${a.name} – ${word}, ${words.weight} ${shown} – ${b.name}`),
  );
  edge.drawn = drawn;
  return drawn;
}

function nodeOf(node) {
  const size = radius(node), start = node === graph.start;
  const drawn = make("g", {
    class: start ? "node start" : "node", tabindex: 0, role: "button", transform: `translate(${node.x} ${node.y})`,
    "aria-label": `${node.name}, ${words.kinds[node.kind]}`, "data-key": node.key,
  });
  drawn.append(
    make("circle", { r: size * 1.75, class: `${node.kind} glow` }), make("circle", { r: size, class: node.kind }),
    make("circle", { r: size + 4, class: "ring" }), make("text", { y: size + 17 }, short(node.name)),
    make("text", { y: size + 31, class: "day" }, String(node.hit?.when ?? "").slice(0, 10)), make("title", {}, node.name),
  );
  node.drawn = drawn;
  return drawn;
}

function legendOf(kind) {
  const item = tag("li"), spot = make("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" });
  spot.append(make("circle", { cx: 5, cy: 5, r: 5, class: kind }));
  item.append(spot, tag("span", words.kinds[kind]));
  return item;
}

function choose(node) {
  chosen = node && graph.nodes.has(node.key) ? node : null;
  byId("graph").classList.toggle("one", Boolean(chosen));
  for (const one of graph.nodes.values()) {
    one.drawn.classList.toggle("chosen", one === chosen);
    one.drawn.classList.toggle("near", Boolean(chosen?.near.has(one)));
  }
  for (const edge of graph.edges.values()) edge.drawn.classList.toggle("near", Boolean(chosen) && [edge.source, edge.target].includes(chosen));
  byId("card").hidden = !chosen;
  if (chosen) byId("card").replaceChildren(...cardOf(chosen));
}

function cardOf(node) {
  const hit = node.hit ?? {}, list = tag("dl");
  const rows = { when: hit.when, venue: hit.venue, price: hit.price, genres: hit.genres?.join?.(", "), score: hit.score?.toFixed?.(2), path: hit.path };
  for (const [name, value] of Object.entries(rows)) if (value) list.append(tag("dt", words[name]), tag("dd", String(value)));
  const parts = [tag("h2", node.name), tag("span", words.kinds[node.kind], "kind"), list];
  if (canCall && node.ref && !node.open) {
    const more = tag("button", words.more, "more");
    more.type = "button";
    more.addEventListener("click", () => expand(node));
    parts.push(more);
  }
  return parts;
}

async function expand(node) {
  node.open = true;
  const params = { name: "sonik_traverse", arguments: { start: node.ref, pattern: "neighbors", response_format: "detailed" } };
  const result = await request("tools/call", params).catch(() => null);
  if (!result?.structuredContent || result.isError || graph.nodes.get(node.key) !== node) return;
  // The tool may know the start by another name or ref: what it found is around this node.
  read({ ...result.structuredContent, start: { name: node.name, ref: node.ref } });
  draw();
  fit();
}
