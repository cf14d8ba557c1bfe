// What every page has: the menu, the theme, the language, copy buttons.
import { text } from "./page.js";

const root = document.documentElement;
const menu = document.getElementById("user-menu");

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === (root.dataset.theme ?? "")));
  }
}

function chooseTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  try {
    localStorage.setItem("pelbiot.theme", theme);
  } catch {
    // Kept for this page only.
  }
  showTheme();
  root.dispatchEvent(new Event("themechange"));
}

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const label = button.textContent;
  button.textContent = text("copied");
  setTimeout(() => (button.textContent = label), 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.themeChoice !== undefined) chooseTheme(button.dataset.themeChoice);
  if (button?.dataset.copy) copy(button);
  if (menu && !menu.contains(event.target)) menu.open = false;
});

// Scripts may have changed the address since the page was made: come back to what is looked at now.
document.addEventListener("submit", ({ target }) => {
  if (target.matches("[data-language]")) target.elements.next.value = location.pathname + location.search + location.hash;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu?.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Paper is white: charts drawn for a dark screen are drawn anew for it, and for the screen after it.
for (const media of ["(prefers-color-scheme: dark)", "print"]) {
  matchMedia(media).addEventListener("change", () => root.dispatchEvent(new Event("themechange")));
}
// Copying needs a page served by https, or from this machine.
if (!navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.remove();
showTheme();
