// What the server has put into the page for its scripts: addresses, limits, sentences.
const live = document.getElementById("live");
const embedded = JSON.parse(document.getElementById("page")?.textContent ?? '{"texts": {}}');

export const settings = live?.dataset ?? {};
export const decimals = embedded.decimals ?? {};
export const units = embedded.units ?? {};
export const labels = embedded.labels ?? {};

// One of the shared sentences of dashboard/texts.py, with {time} and the like filled in.
export function text(key, filledIn = {}) {
  const sentence = embedded.texts[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => filledIn[name] ?? whole);
}

// What the server embedded as JSON under this id.
export function inPage(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Writing only what differs keeps live regions quiet and the layout untouched.
export function show(element, content) {
  if (element && element.textContent !== content) element.textContent = content;
}

export function mark(element, state) {
  if (element && element.dataset.state !== state) element.dataset.state = state;
}

// What a script asks the server for, in the language of this page: its reader may have chosen another
// one since, elsewhere.
export const asking = (type = "application/json") => ({ Accept: type, "X-Page-Language": document.documentElement.lang });

export function leaveForLogin() {
  const here = encodeURIComponent(location.pathname + location.search);
  location.assign(`${settings.login}?next=${here}`);
}

// A websocket that was refused doesn't say why: whether the session is over, a page request tells.
export async function leaveIfLoggedOut() {
  try {
    const answer = await fetch(location.pathname, { method: "HEAD", redirect: "manual" });
    if (answer.type === "opaqueredirect") leaveForLogin();
  } catch {
    // The server is away.
  }
}
