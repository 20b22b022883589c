// What a machine can see of the layout of a page: what is too wide, cut off, covered, or too small to hit.

/** In the page. Returns what is wrong, in words. */
function find({ smallest }) {
  const faults = new Set();
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth - width;
  if (wide > 0) faults.add(`the page is ${wide} px too wide`);

  const say = (element) => {
    const text = (element.getAttribute('aria-label') ?? element.textContent ?? element.value ?? '').trim().slice(0, 40);
    const name = element.className?.baseVal ?? element.className ?? '';
    return `<${element.tagName.toLowerCase()}${name ? `.${name.split(/\s+/).slice(0, 2).join('.')}` : ''}> "${text}"`;
  };
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  /** The nearest element around that scrolls sideways, or hides what is too wide on purpose. */
  const scroller = (element, values) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (values.includes(getComputedStyle(at).overflowX)) return at;
    }
    return undefined;
  };
  // What only a screen reader reads, what lies off the page until it has the focus or the menu is open, and the map, which cuts its marks itself.
  const isHidden = (element) => {
    const { width, height, right } = element.getBoundingClientRect();
    return width < 2 || height < 2 || right <= 0 || element.closest('.skip, .map, [aria-hidden=true]') !== null;
  };
  const all = [...document.body.querySelectorAll('*')].filter((element) => visible(element) && !isHidden(element));

  for (const element of all) {
    const box = element.getBoundingClientRect();
    const out = box.right > width + 1 || box.left < -1;
    if (out && !scroller(element, ['auto', 'scroll', 'hidden', 'clip'])) {
      faults.add(
        `${say(element)} reaches out of the page (${Math.round(box.left)}–${Math.round(box.right)} of ${width})`,
      );
    }
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
    const hides = style.overflowX === 'hidden' || style.overflowX === 'clip';
    if (own && hides && element.scrollWidth > element.clientWidth + 1 && !element.closest('[title]')) {
      faults.add(`the text of ${say(element)} is cut off`);
    }
    if (element.tagName === 'TABLE' && !scroller(element, ['auto', 'scroll'])) {
      const around = element.parentElement.getBoundingClientRect();
      if (box.width > around.width + 1) faults.add(`${say(element)} is wider than its place, and nothing scrolls`);
    }
    // The text of a chosen entry, with the font that it has.
    if (element.tagName === 'SELECT') {
      const pen = document.createElement('canvas').getContext('2d');
      pen.font = style.font;
      const text = pen.measureText(element.selectedOptions[0]?.text ?? '').width;
      const room = element.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
      if (text > room + 1 && !element.closest('[title]')) {
        faults.add(`the choice "${element.selectedOptions[0].text}" does not fit into its list`);
      }
    }
  }

  const controls = all.filter(
    (element) =>
      element.matches(
        'a[href], button, input, select, textarea, summary, [role=button], [role=option], [role=slider]',
      ) &&
      element.type !== 'hidden' &&
      !element.disabled,
  );
  /** What a finger hits for it: a label that belongs to it counts. */
  const target = (element) => {
    const around = element.closest('.mantine-MultiSelect-input, .mantine-Slider-root') ?? element;
    const boxes = [around, ...(element.labels ?? [])].map((one) => one.getBoundingClientRect());
    return {
      width: Math.max(...boxes.map((box) => box.width)),
      height: Math.max(...boxes.map((box) => box.height)),
    };
  };
  for (const element of controls) {
    const size = target(element);
    // WCAG 2.2 leaves out links in a sentence; corners of a drawing have a table with the same.
    const inline = element.tagName === 'A' && getComputedStyle(element).display === 'inline';
    if (inline || element.closest('svg')) continue;
    if (size.width < smallest - 0.5 || size.height < smallest - 0.5) {
      faults.add(`${say(element)} is ${Math.round(size.width)} × ${Math.round(size.height)} px, too small to hit`);
    }
  }

  // Parts of one field lie on each other on purpose, and so do the shapes of a drawing.
  const field = (element) =>
    element.closest('.mantine-InputWrapper-root, .mantine-SegmentedControl-root, svg') ?? element;
  const fixed = (element) => element.closest('header, nav, .mantine-Modal-root') !== null;
  /** What is to be seen of it inside of what scrolls. A link of several lines is no rectangle. */
  const seen = (element) => {
    if (getComputedStyle(element).display === 'inline') return undefined;
    let { left, right, top, bottom } = element.getBoundingClientRect();
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(at);
      if (overflowX === 'visible' && overflowY === 'visible') continue;
      const around = at.getBoundingClientRect();
      [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
      [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
    }
    return right > left && bottom > top ? { left, right, top, bottom } : undefined;
  };
  const shown = controls.flatMap((element) => {
    const box = seen(element);
    return box ? [{ element, box }] : [];
  });
  for (const [at, { element: one, box: a }] of shown.entries()) {
    for (const { element: other, box: b } of shown.slice(at + 1)) {
      if (one.contains(other) || other.contains(one) || field(one) === field(other)) continue;
      if (fixed(one) !== fixed(other)) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 2) faults.add(`${say(one)} lies on ${say(other)}`);
    }
  }
  return [...faults];
}

/** The least side of what one hits with a finger (WCAG 2.2, 2.5.8). */
const SMALLEST_PX = 24;

/** In the page. What slides, as the menu does when the width changes, has come to its place. */
function rest() {
  const transitions = document.getAnimations().filter((one) => one instanceof CSSTransition);
  return Promise.allSettled(transitions.map((one) => one.finished)).then(() => undefined);
}

/** Resolves when nothing fades or slides any more. */
export const atRest = (page) => page.evaluate(rest);

export async function layoutFaults(page) {
  await atRest(page);
  return page.evaluate(find, { smallest: SMALLEST_PX });
}
