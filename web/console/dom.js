// Small tools to build elements and to say times in words. Text is always set as text: nothing is parsed as HTML.
export const $ = (id) => document.getElementById(id)

// el makes an element: el('button', { class: 'main', onclick }, 'Sign in', …).
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false))
  return element
}

export const show = (parent, ...children) => parent.replaceChildren(...children.flat(Infinity).filter(Boolean))

// table makes a table in a box that scrolls sideways; rows are arrays of cells, each a text or nodes.
export function table(caption, heads, rows, properties = {}) {
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    el('table', properties,
      el('thead', {}, el('tr', {}, heads.map((head) => el('th', { scope: 'col' }, head || el('span', { class: 'unseen' }, 'Actions'))))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map((cell) => cell instanceof HTMLTableCellElement ? cell : el('td', {}, cell)))))))
}

// span says a number of seconds in the two largest units.
export function span(seconds) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]
  let rest = Math.max(0, Math.round(seconds))
  const parts = []
  for (const [unit, size] of units) {
    const n = Math.floor(rest / size)
    rest -= n * size
    if (n || (unit === 's' && !parts.length)) parts.push(`${n} ${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}

export const ago = (time) => time ? span((Date.now() - new Date(time)) / 1000) + ' ago' : '—'
export const clock = (time) => el('time', { datetime: new Date(time).toISOString(), title: new Date(time).toISOString() }, new Date(time).toLocaleString())

let fading
export function toast(text) {
  $('toast').textContent = text
  $('toast').classList.add('on')
  clearTimeout(fading)
  fading = setTimeout(() => $('toast').classList.remove('on'), 2600)
}

export async function copy(text) {
  await navigator.clipboard.writeText(text)
  toast('Copied')
}

// countdown keeps the buttons off and calls tick with the seconds that are left, until the wait is over.
export async function countdown(seconds, buttons, tick) {
  for (let left = seconds; left > 0; left--) {
    for (const button of buttons) button.disabled = true
    tick(left)
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  for (const button of buttons) button.disabled = false
}
