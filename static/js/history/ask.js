// Questions to the server. A new generation of them ends those of the one before.
import { asking, leaveForLogin, text } from "../page.js";

// What went wrong, as a sentence for the reader; `status`: the server's, if it answered.
export class Problem extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

export async function ask(address, parameters, signal) {
  const url = new URL(address, location.href);
  url.search = new URLSearchParams(parameters);
  const answer = await fetch(url, { headers: asking(), signal }).catch((error) => {
    throw error.name === "AbortError" ? error : new Problem(text("problem_network"));
  });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    leaveForLogin();
    throw new DOMException("Logged out", "AbortError");
  }
  if (!answer.ok) throw new Problem(await sentence(answer), answer.status);
  return answer.json();
}

async function sentence(answer) {
  if (answer.status !== 400) return text("problem_server", { status: answer.status });
  const reasons = await answer.json().catch(() => ({}));
  return text("problem_asked", { reason: Object.values(reasons).flat().join(" ") });
}

// The answers about one range: each question is asked once, whoever needs it.
export class Answers {
  constructor(addresses, { start, end }, signal, given = {}) {
    Object.assign(this, { addresses, signal, given: given ?? {}, start, end });
    this.asked = new Map();
  }

  get(name, parameters = {}, { start, end } = this) {
    const all = { from: start, to: end, ...parameters };
    const key = `${name} ${JSON.stringify(all)}`;
    if (!this.asked.has(key)) this.asked.set(key, this.first(name, start) ?? ask(this.addresses[name], all, this.signal));
    return this.asked.get(key);
  }

  // What came with the page need not be asked for.
  first(name, start) {
    return start === this.start && this.given[name] ? Promise.resolve(this.given[name]) : undefined;
  }
}
