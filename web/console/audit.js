// The live feed of audit records, with a filter.
import { $, el, show } from './dom.js'
import { follow } from './api.js'

const most = 200
let records = [], stop, filter = '', paused = false, body

export function open() {
  const state = el('span', { class: 'pill', id: 'audit-state', role: 'status' }, 'connecting')
  body = el('tbody', { id: 'audit-rows' })
  show($('audit-card'), el('div', { class: 'card' },
    el('div', { class: 'tools' },
      el('input', { type: 'search', id: 'audit-filter', placeholder: 'Filter: refused, rotate, a user’s id …', 'aria-label': 'Filter the records', value: filter, oninput: (event) => { filter = event.target.value; render() } }),
      el('button', { class: 'quiet', 'aria-pressed': 'false', onclick: (event) => { paused = !paused; event.target.setAttribute('aria-pressed', paused); render() } }, 'Pause'),
      state),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Audit records' }, el('table', {},
      el('thead', {}, el('tr', {}, ['Time', 'Event', 'Outcome', 'Reason', 'Details'].map((head) => el('th', { scope: 'col' }, head)))), body))))
  records = []
  stop = new AbortController()
  follow((record) => { records = [record, ...records].slice(0, most); if (!paused) render() }, (now) => {
    state.textContent = { live: 'live', lost: 'reconnecting', refused: 'refused' }[now]
    state.className = 'pill ' + (now === 'live' ? 'good' : 'bad')
  }, stop.signal)
  render()
}

export function close() {
  stop?.abort()
}

function render() {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const matching = records.filter((record) => { const text = JSON.stringify(record).toLowerCase(); return words.every((word) => text.includes(word)) })
  show(body, matching.length ? matching.map(row) : el('tr', {}, el('td', { colspan: 5, class: 'empty' }, records.length ? 'No record matches.' : 'No records yet. Sign in, in another tab or here, and watch them arrive.')))
}

function row({ timestamp, level, message, event, outcome, reason, requestId, ...rest }) {
  return el('tr', {},
    el('td', { class: 'mono' }, new Date(timestamp).toLocaleTimeString()),
    el('td', {}, event), el('td', {}, el('span', { class: 'pill ' + ({ success: 'good', failed: 'bad', refused: 'bad' }[outcome] ?? '') }, outcome)), el('td', {}, reason),
    el('td', {}, el('dl', {}, Object.entries(rest).flatMap(([name, value]) => [el('dt', { class: 'name' }, name), el('dd', { class: 'mono' }, String(value))]))))
}
