// The way to another panel: a list that is fetched when somebody opens it, however many there are.
import { asking, show, text } from "../page.js";

const button = document.getElementById("switch-panel");
const dialog = document.getElementById("switcher");
const filter = document.getElementById("switcher-filter");
const said = dialog.querySelector(".switcher__said");
const list = dialog.querySelector(".switcher__list");
const { names, url, name: here, keeps } = button.dataset;
let items = [];

const folded = (words) => words.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
const addressOf = (name) => url.replace("/-/", `/${encodeURIComponent(name)}/`);
// What the address asks for now, and not when the page came: a history goes on to the same days.
const kept = (address) => (keeps === undefined ? address : address.split("?")[0] + location.search);

function itemOf([name, title, place]) {
  const item = document.createElement("li");
  const link = Object.assign(document.createElement("a"), { className: "switcher__panel", href: addressOf(name) });
  link.append(part("switcher__title", title), part("switcher__place", place));
  if (name === here) link.ariaCurrent = "page";
  item.append(link);
  return { item, link, words: folded(`${name} ${title} ${place}`) };
}

function part(className, words) {
  return Object.assign(document.createElement("span"), { className, textContent: words });
}

const tell = (key, filledIn) => show(said, text(`switcher_${key}`, filledIn));
const visible = () => items.filter(({ item }) => !item.hidden).map(({ link }) => link);

function narrow() {
  const wanted = folded(filter.value).split(/\s+/).filter(Boolean);
  for (const { item, words } of items) item.hidden = !wanted.every((word) => words.includes(word));
  const count = visible().length;
  tell(!count ? "none" : count === items.length ? "all" : "some", { count, all: items.length });
}

async function fill() {
  try {
    const answer = await fetch(names, { headers: asking() });
    if (answer.redirected) return location.reload(); // which leads to the log-in
    items = (await answer.json()).panels.map(itemOf);
    list.replaceChildren(...items.map(({ item }) => item));
    narrow();
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  } catch {
    tell("failed");
  }
  return undefined;
}

button.addEventListener("click", () => {
  filter.value = "";
  dialog.showModal();
  filter.focus();
  fill();
});
filter.addEventListener("input", narrow);
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

// Down and up walk through the list, from and back to the field; Enter in the field takes the first.
// Escape closes at once, where a search field would first be emptied by it.
dialog.addEventListener("keydown", (event) => {
  const links = visible();
  const at = links.indexOf(document.activeElement);
  if (event.key === "Enter" && document.activeElement === filter) {
    event.preventDefault();
    links[0]?.click();
  }
  if (event.key === "Escape") {
    event.preventDefault();
    dialog.close();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  (links[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (at > 0 ? links.at(-1) : filter)).focus();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".steps a, .switcher__panel");
  if (link) link.href = kept(link.getAttribute("href"));
});
