"""Draw the icons of the installed page from the brand mark: python -m tests.browser.draw_icons

The pictures are committed; this is for when the mark changes.
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.services.installation import REPOSITORY

IMAGES = REPOSITORY / "static/img"
# Each picture: what it is drawn from, how many pixels. Phones cut a maskable one to their own shape:
# its mark lies within the middle four fifths.
ICONS = {
    "icon-192.png": ("favicon.svg", 192),
    "icon-512.png": ("favicon.svg", 512),
    "maskable-192.png": ("app/maskable.svg", 192),
    "maskable-512.png": ("app/maskable.svg", 512),
    "apple-touch-icon.png": ("app/maskable.svg", 180),
}


def draw(folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for name, (source, pixels) in ICONS.items():
            page = browser.new_page(viewport={"width": pixels, "height": pixels})
            mark = (IMAGES / source).read_text()
            page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{mark}")
            page.screenshot(path=folder / name, omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    draw(IMAGES / "app")
