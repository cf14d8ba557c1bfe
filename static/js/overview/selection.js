// Which panels the address asks for, and in which order: as dashboard/overview/asked.py reads it.
import { WORST_FIRST } from "../condition.js";

const SORTS = ["state", "name", "loading", "power", "energy", "age"];
const VIEWS = ["cards", "rows"];
const DEFAULTS = { q: "", location: "", state: "", sort: "state", view: "" };

const oneOf = (value, known, otherwise) => (known.includes(value) ? value : otherwise);

export function read(search) {
  const query = new URLSearchParams(search);
  return {
    q: (query.get("q") ?? "").trim(),
    location: (query.get("location") ?? "").trim(),
    state: oneOf(query.get("state"), WORST_FIRST, ""),
    sort: oneOf(query.get("sort"), SORTS, "state"),
    view: oneOf(query.get("view"), VIEWS, ""),
  };
}

// Without what is the default anyway.
export function address(asked) {
  const kept = Object.entries(DEFAULTS).filter(([name, bare]) => asked[name] !== bare);
  return `?${new URLSearchParams(kept.map(([name]) => [name, asked[name]]))}`;
}

// Those that match text and location, of every state: what the states are counted over.
export function matching(units, { q, location }) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return [...units].filter(
    (unit) => (!location || unit.location.trim() === location) && words.every((word) => unit.searched.includes(word)),
  );
}

// What is not known comes last.
const highest = (of) => (one, other) => (of(one) == null) - (of(other) == null) || of(other) - of(one);

const ORDERS = {
  state: (one, other) => WORST_FIRST.indexOf(one.state) - WORST_FIRST.indexOf(other.state),
  loading: highest((unit) => unit.loading),
  power: highest((unit) => unit.reading.metrics.power?.value),
  energy: highest((unit) => unit.energy),
  age: highest((unit) => (unit.reading.at ? -unit.reading.at : null)),
};

export function chosen(units, { state, sort }) {
  const ofState = units.filter((unit) => !state || unit.state === state);
  return ORDERS[sort] ? ofState.sort(ORDERS[sort]) : ofState;
}
