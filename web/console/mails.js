// The mails that serve writes to a folder, as they arrive. They hold tokens that open accounts, so only operators see them.
import { $, el, show } from './dom.js'
import { operate, operatorToken } from './api.js'

let stop = () => {}

export function open() { stop = watch($('mails-card')) }
export function close() { stop() }

// watch shows the newest mails in the element until the returned function is called. Without a change it leaves the element alone, so
// that a selection and the focus stay.
export function watch(where) {
  const list = el('div', {}), said = el('p', { class: 'unseen', role: 'status' })
  let over = false, known = null, shown = ''
  show(where, list, said)
  const look = async () => {
    const { mails } = await operate('mails')
    if (over || JSON.stringify(mails) === shown) return
    shown = JSON.stringify(mails)
    const fresh = known ? (mails ?? []).filter(({ id }) => !known.has(id)) : []
    known = new Set((mails ?? []).map(({ id }) => id))
    if (fresh.length) said.textContent = `A mail has arrived: ${fresh[0].subject}`
    show(list, mails?.length ? mails.map((mail) => letter(mail, fresh.includes(mail))) : el('p', { class: 'empty' }, mails ? 'No mail yet. The next one appears here by itself.' : 'Mails do not go to a folder. With --mail file:DIRECTORY they appear here.'))
  }
  const run = async () => {
    while (!over) {
      try { await look() } catch (error) {
        if (over) return
        shown = ''
        show(list, el('p', { class: 'problem' }, error.message))
        if (error.status === 403) return operatorToken.set(null)
      }
      await new Promise((resolve) => setTimeout(resolve, 1500))
    }
  }
  run()
  return () => { over = true }
}

function letter({ to, subject, date, text }, fresh) {
  return el('article', { class: 'letter' + (fresh ? ' fresh' : '') },
    el('header', {}, el('h3', {}, subject), el('p', {}, el('small', {}, 'To ', to, ' · ', el('time', { datetime: date }, new Date(date).toLocaleTimeString())))),
    el('div', { class: 'text' }, linked(text.trim())))
}

// linked makes links of the addresses in a text. One with a token for this console opens its form; another opens the app's page.
function linked(text) {
  return text.split(/(https?:\/\/\S+)/).map((part, i) => {
    if (i % 2 === 0) return part
    const url = new URL(part), here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) && url.port === location.port && url.pathname === '/'
    const words = part.length > 72 ? part.slice(0, 56) + '…' + part.slice(-8) : part
    return url.hash.startsWith('#token=')
      ? [el('a', here ? { href: '/' + url.hash } : { href: part, target: '_blank', rel: 'noreferrer' }, words), !here && [' ', el('a', { href: '/' + url.hash }, '(choose the password here)')]]
      : el('a', { href: part, rel: 'noreferrer' }, words)
  })
}
