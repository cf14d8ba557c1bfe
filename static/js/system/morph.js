import { asking } from "../page.js";

// Makes what stands in the page equal to what the server has just said, and touches only what differs:
// the focus stays where it is, what is open stays open, and nothing is painted without need.
export function morph(now, next) {
  while (now.childNodes.length > next.childNodes.length) now.lastChild.remove();
  for (const [i, wanted] of [...next.childNodes].entries()) {
    const there = now.childNodes[i];
    if (!there) now.append(document.importNode(wanted, true));
    else if (there.nodeType !== wanted.nodeType || there.nodeName !== wanted.nodeName) {
      there.replaceWith(document.importNode(wanted, true));
    } else if (wanted.nodeType === Node.ELEMENT_NODE) morphElement(there, wanted);
    else if (there.data !== wanted.data) there.data = wanted.data;
  }
}

// What the reader has opened is the reader's.
const OURS = new Set(["open"]);

function morphElement(there, wanted) {
  for (const { name } of [...there.attributes]) {
    if (!wanted.hasAttribute(name) && !OURS.has(name)) there.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  }
  morph(there, wanted);
}

// The server's answer as nodes; scripts in it would not run.
export async function fragment(address, signal) {
  const answer = await fetch(address, { headers: asking("text/html"), signal });
  if (answer.redirected || answer.status === 403) return { loggedOut: true };
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  // In an element of its own: white space at the beginning of a body would get lost, and everything
  // after it be taken for something else.
  const whole = new DOMParser().parseFromString(`<div>${await answer.text()}</div>`, "text/html");
  return { part: whole.body.firstChild };
}
