// Shows the last calls: the request as it arrived, and the answer as it left, with each Set-Cookie line explained.
import { $, copy, el, show, span } from './dom.js'
import { events } from './api.js'
import { forms } from './snippets.js'

const most = 6
let kept = [], shown = null, form = 'HTTP', raw = false

events.addEventListener('call', ({ detail }) => {
  kept = [detail, ...kept].slice(0, most)
  if (!detail.quiet || !shown) shown = detail
  render()
})

$('copy').onclick = () => copy(form === 'HTTP' ? plain(shown.exchange.request) : forms[form](shown.exchange))
$('raw').onclick = () => { raw = !raw; render() }
show($('forms'), ['HTTP', ...Object.keys(forms)].map((name) => el('button', { 'data-form': name, onclick: () => { form = name; render() } }, name)))

export const hasCalls = () => kept.length > 0

const plain = (message) => [message.first, ...message.headers.map(([name, value]) => `${name}: ${value}`), '', message.body].join('\n')

function render() {
  const { exchange, status } = shown
  for (const button of $('forms').children) button.setAttribute('aria-pressed', button.dataset.form === form)
  $('raw').setAttribute('aria-pressed', raw)
  show($('history'), kept.map((one) => el('button', { 'aria-pressed': one === shown, onclick: () => { shown = one; render() } },
    `${one.method} ${one.path.replace('/api/users', '…')} `, el('span', { class: 'status ' + tone(one.status) }, String(one.status)))))
  $('took').textContent = `${exchange.millis.toFixed(1)} ms`
  show($('request'), el('pre', {}, form === 'HTTP' ? message(exchange.request) : forms[form](exchange)))
  show($('response'), raw ? el('pre', {}, plain(exchange.response)) : el('pre', {}, message(exchange.response, tone(status))))
}

const tone = (status) => status < 400 ? 'good' : 'bad'

// message shows a request or an answer. Nothing is left out: long values open with a click.
function message({ first, headers, body }, state = '') {
  return [
    el('span', { class: `first status ${state}` }, first), '\n',
    headers.flatMap(([name, value]) => [el('span', { class: 'name' }, name + ': '), shorten(value), '\n', name === 'Set-Cookie' ? explain(value) : '']),
    body ? ['\n', ...colored(body)] : '',
  ].flat().filter(Boolean)
}

// shorten hides the middle of long runs without spaces, such as tokens.
function shorten(text) {
  const parts = []
  let at = 0
  for (const match of text.matchAll(/[\w.~+/=-]{72,}/g)) {
    parts.push(text.slice(at, match.index + 24), dots(match[0].slice(24, -8)), match[0].slice(-8))
    at = match.index + match[0].length
  }
  return el('span', {}, ...parts, text.slice(at))
}

function dots(middle) {
  return el('button', { class: 'dots', title: 'Show all', 'aria-label': `Show ${middle.length} more characters`, onclick: (event) => event.target.replaceWith(middle) }, `… ${middle.length} …`)
}

// colored formats JSON for reading.
function colored(body) {
  let text = body
  try { text = JSON.stringify(JSON.parse(body), null, 2) } catch { return [body] }
  return text.split(/("(?:[^"\\]|\\.)*"(?:: )?|-?\d[\d.e+-]*|\b(?:true|false|null)\b)/).map((part) => {
    if (part.length > 1200 && part.includes(' ')) return el('span', {}, part.slice(0, 60), dots(part.slice(60, -20)), part.slice(-20)) // a picture
    if (part.startsWith('"')) return part.endsWith(': ') ? el('span', { class: 'key' }, part) : shorten(part)
    return /^(-?\d|true|false|null)/.test(part) ? el('span', { class: 'num' }, part) : part
  })
}

const cookies = {
  planpoint: 'the access token, for every path', planpointRefresh: 'the refresh token, for the session calls only', latchkeyDevice: 'marks this browser as remembered',
}
const attributes = {
  path: (value) => `sent with paths that begin with ${value}`,
  domain: (value) => `sent to ${value} and every host below it`,
  'max-age': (value) => Number(value) > 0 ? `kept for ${span(Number(value))}` : 'deleted now',
  httponly: () => 'no script can read it',
  secure: () => 'sent over HTTPS only; browsers trust localhost too',
  samesite: (value) => ({ Lax: 'sent to this site, and from others only when a person follows a link', Strict: 'never sent from another site', None: 'sent from every site' })[value],
}

// explain says what a Set-Cookie line asks of the browser.
function explain(line) {
  const [pair, ...rest] = line.split('; ')
  const name = pair.split('=')[0]
  return el('div', { class: 'explain' }, el('b', {}, name), cookies[name] ? ' — ' + cookies[name] : '',
    el('dl', {}, rest.flatMap((attribute) => {
      const [key, value = ''] = attribute.split('=')
      return [el('dt', {}, attribute), el('dd', {}, attributes[key.toLowerCase()]?.(value) ?? '')]
    })))
}
