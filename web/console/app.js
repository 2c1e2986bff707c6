// The console: which section is shown, and what each of them needs.
import { $, el, show, toast } from './dom.js'
import { events, operate, operatorToken } from './api.js'
import { load } from './session.js'
import { showToken } from './token.js'
import { hasCalls } from './exchange.js'
import * as signin from './signin.js'
import * as sessions from './sessions.js'
import * as factors from './factors.js'
import * as password from './password.js'
import * as mails from './mails.js'
import * as audit from './audit.js'
import * as keys from './keys.js'
import * as users from './users.js'
import * as clients from './clients.js'

const sections = { signin: {}, sessions, factors, password, audit, mails, keys, users, clients }
const calls = ['signin', 'sessions', 'factors', 'password']
let about, current

// takeToken moves a token out of the address, which people copy and browsers keep: the operators' token, as serve prints it, or that of
// a mailed link, which has dots.
function takeToken() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (!token) return
  const mailed = token.includes('.')
  mailed ? password.takeToken(token) : operatorToken.set(token)
  history.replaceState(null, '', '/' + (mailed ? '#password' : '#audit'))
}

async function open() {
  takeToken()
  const name = sections[location.hash.slice(1)] ? location.hash.slice(1) : 'signin'
  if (current && sections[current].close) sections[current].close()
  current = name
  const closed = $(name).hasAttribute('data-operators') && !operatorToken.get()
  for (const section of document.querySelectorAll('main > section')) section.hidden = true
  $(closed ? 'gate' : name).hidden = false
  showExchange()
  for (const link of document.querySelectorAll('.side a')) {
    if (link.hash === '#' + name) {
      link.setAttribute('aria-current', 'page')
      link.closest('nav').scrollLeft = link.offsetLeft - 60 // on narrow screens the links are in one row
    } else link.removeAttribute('aria-current')
  }
  document.title = $(closed ? 'gate' : name).querySelector('h1').textContent + ' · Latchkey console'
  if (!closed) await enter(name)
}

async function enter(name) {
  try {
    await sections[name].open?.(about)
  } catch (error) {
    if (error.status !== 403) return show($(name + '-card'), el('p', { class: 'problem', role: 'alert' }, error.message))
    operatorToken.set(null)
    $('gate-problem').textContent = 'This token is not the one that serve printed: each start makes a new one.'
    open()
  }
}

function showExchange() {
  $('exchange').hidden = !calls.includes(current) || !hasCalls()
}

$('gate-form').onsubmit = async (event) => {
  event.preventDefault()
  $('gate-problem').textContent = ''
  operatorToken.set($('gate-token').value.replace(/^.*#token=/, '').trim())
  $('gate-token').value = ''
  open()
}

addEventListener('unhandledrejection', (event) => { event.preventDefault(); toast(event.reason.message) })
addEventListener('hashchange', async () => { await open(); $('main').focus() })
events.addEventListener('call', showExchange)
events.addEventListener('session', () => { if (['sessions', 'factors', 'password'].includes(current)) enter(current) })

about = await (await fetch('/console/about')).json()
$('where').textContent = [about.demo && 'demo', location.host, about.version].filter(Boolean).join(' · ')
for (const item of document.querySelectorAll('nav [data-path], a[data-path]')) item.hidden = !about.paths.some((path) => path.endsWith(item.dataset.path))
signin.start(about)
if (about.cookies.includes('planpoint')) await load()
else showToken(null)
await open()
document.body.dataset.ready = ''
