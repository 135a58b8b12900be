"""What everybody needs of a page: axe-core's rules, headings in order, a focus that is seen, no sideways scrolling."""

import itertools
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_SERIOUS: Final = frozenset({"serious", "critical"})
_AXE: Final = Axe()
_FOCUS: Final = """
() => {
  const inside = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const named = one => `${one.tagName.toLowerCase()} ${(one.getAttribute("aria-label") || one.textContent
    || one.name || "").trim().slice(0, 60)}`;
  const unseen = [];
  const before = document.activeElement;
  for (const one of document.querySelectorAll(inside)) {
    if (one.disabled || one.tabIndex < 0 || !one.checkVisibility({visibilityProperty: true})) continue;
    one.focus();
    if (document.activeElement !== one) { unseen.push(`${named(one)} takes no focus`); continue; }
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!one.matches(":focus-visible") || !(outlined || style.boxShadow !== "none")) unseen.push(named(one));
    if (one.tabIndex > 0) unseen.push(`${named(one)} comes out of its turn`);
  }
  if (before) before.focus();
  return unseen;
}
"""
_HEADINGS: Final = """
() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(one => one.checkVisibility())
  .map(one => [Number(one.tagName[1]), one.textContent.trim()])
"""
_TOO_WIDE: Final = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const beyond = one => one.getBoundingClientRect().right > width;
  return ["the page", ...[...document.querySelectorAll("body *")].filter(beyond).slice(0, 5)
   .map(one => `${one.tagName.toLowerCase()}.${one.className} ${one.textContent.trim().slice(0, 60)}`)];
}
"""


async def axe_faults(page: Page, leaving_out: tuple[str, ...] = (), *, colours: bool = True) -> list[str]:
    """What axe-core finds that is serious or critical: rule, what it asks, and the elements.

    leaving_out: selectors of what is not ours. colours: whether to look at contrast, which takes the longest.

    It runs over the debugger, which the pages' own Content-Security-Policy does not reach: the page is looked at as it
    is served.
    """
    context = {"exclude": [[selector] for selector in leaving_out]} if leaving_out else None
    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": colours}}}
    found = (await _AXE.run(page, context=context, options=options)).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {_elements(one['nodes'])}"
        for one in found
        if one["impact"] in _SERIOUS
    ]


def _elements(nodes: list[dict[str, Any]]) -> str:
    shown = [f"{' '.join(map(str, node['target']))} {node['html'][:160]}" for node in nodes[:5]]
    return "; ".join(shown) + (f" and {len(nodes) - 5} more" if len(nodes) > 5 else "")


async def unseen_focus(page: Page) -> list[str]:
    """What takes the keyboard's focus without showing it, can't take it, or takes it out of turn."""
    # From a key on the browser knows that somebody is at the keyboard.
    await page.keyboard.press("Tab")
    found: list[str] = await page.evaluate(_FOCUS)
    return found


async def heading_faults(page: Page) -> list[str]:
    """One heading of the first level, which comes first, and no level left out below it."""
    levels: list[tuple[int, str]] = [(level, text) for level, text in await page.evaluate(_HEADINGS)]
    faults = [] if [level for level, _ in levels].count(1) == 1 else [f"headings of the first level: {levels[:3]}"]
    if levels and levels[0][0] != 1:
        faults.append(f"the first heading is not the page's: {levels[0]}")
    faults += [
        f"from level {before[0]} to {after[0]} at {after[1]!r}"
        for before, after in itertools.pairwise(levels)
        if after[0] > before[0] + 1
    ]
    return faults + [f"an empty heading of level {level}" for level, text in levels if not text]


async def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways; nothing where it does not."""
    found: list[str] = await page.evaluate(_TOO_WIDE)
    return found
