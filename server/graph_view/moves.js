// Moving about: drag, wheel, buttons and keys.
function place() { byId("world").setAttribute("transform", `translate(${seen.x} ${seen.y}) scale(${seen.scale})`); }

function fit() {
  const { width, height } = byId("graph").getBoundingClientRect(), nodes = [...graph.nodes.values()];
  const xs = nodes.map((node) => node.x), ys = nodes.map((node) => node.y);
  const [left, right, top, bottom] = nodes.length
    ? [Math.min(...xs) - 90, Math.max(...xs) + 90, Math.min(...ys) - 36, Math.max(...ys) + 46] : [-1, 1, -1, 1];
  seen.scale = Math.min(1.5, width / (right - left), height / (bottom - top)) || 1;
  seen.x = width / 2 - (seen.scale * (left + right)) / 2;
  seen.y = height / 2 - (seen.scale * (top + bottom)) / 2;
  place();
}

function zoom(factor, at) {
  const box = byId("graph").getBoundingClientRect();
  const x = at ? at.clientX - box.left : box.width / 2, y = at ? at.clientY - box.top : box.height / 2;
  const scale = Math.min(4, Math.max(0.2, seen.scale * factor)), by = scale / seen.scale;
  Object.assign(seen, { x: x - (x - seen.x) * by, y: y - (y - seen.y) * by, scale });
  place();
}

function nodeAt(target) { return graph.nodes.get(target.closest?.(".node")?.dataset.key); }

// The nearest node that lies in the direction of an arrow key.
function toward(node, dx, dy) {
  let best = null, least = Infinity;
  for (const other of graph.nodes.values()) {
    const ahead = (other.x - node.x) * dx + (other.y - node.y) * dy, aside = Math.abs((other.x - node.x) * dy - (other.y - node.y) * dx);
    const far = ahead + 2 * aside;
    if (other !== node && ahead > 1 && far < least) [best, least] = [other, far];
  }
  return best;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function press(event) {
  const node = nodeAt(event.target);
  if (event.key === "Escape") { chosen?.drawn.focus(); choose(null); }
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") fit();
  else if (node && (event.key === "Enter" || event.key === " ")) choose(node);
  else if (node && ARROWS[event.key]) toward(node, ...ARROWS[event.key])?.drawn.focus();
  else return;
  event.preventDefault();
}

function drag(event) {
  const svg = byId("graph"), from = { x: seen.x - event.clientX, y: seen.y - event.clientY };
  const move = (moved) => { Object.assign(seen, { x: from.x + moved.clientX, y: from.y + moved.clientY }); place(); };
  const end = () => { svg.classList.remove("moving"); svg.removeEventListener("pointermove", move); };
  svg.classList.add("moving");
  svg.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointerleave", "pointercancel"]) svg.addEventListener(name, end, { once: true });
}

window.addEventListener("message", hear);
document.addEventListener("keydown", press);
byId("graph").addEventListener("click", (event) => choose(nodeAt(event.target) ?? null));
byId("graph").addEventListener("pointerdown", drag);
byId("graph").addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.12 : 0.89, event); }, { passive: false });
byId("closer").addEventListener("click", () => zoom(1.25));
byId("farther").addEventListener("click", () => zoom(0.8));
byId("whole").addEventListener("click", fit);
if (window.matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.dataset.theme = "dark";
speak(navigator.language);
greet();
