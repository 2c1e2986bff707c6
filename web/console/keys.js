// The key ring with the ages of its keys.
import { $, ago, el, show, span, table } from './dom.js'
import { operate } from './api.js'

const states = { current: 'signs', next: 'published, does not sign yet', previous: 'verifies what it signed before' }

export async function open() {
  render(await operate('keys'))
}

function render({ keys, rotatesFrom, now }, problem) {
  const wait = (new Date(rotatesFrom) - new Date(now)) / 1000
  show($('keys-card'),
    el('div', { class: 'card' },
      table('Keys of the ring', ['Key', 'Algorithm', 'State', 'Made', 'Signs since', 'Retires'], keys.map((key) => [
        el('code', {}, key.kid), key.algorithm,
        el('td', {}, el('span', { class: 'pill ' + (key.state === 'current' ? 'good' : '') }, key.state), ' ', el('small', {}, states[key.state])),
        ago(key.createdAt), key.signsSince ? ago(key.signsSince) : '—', key.retiresAt ? 'in ' + span((new Date(key.retiresAt) - Date.now()) / 1000) : '—'])),
      problem && el('p', { class: 'problem', role: 'alert' }, problem),
      el('div', { class: 'row' },
        el('button', { class: 'main', id: 'rotate', onclick: () => rotate(false) }, 'Rotate'),
        wait > 0 && el('button', { id: 'rotate-now', onclick: () => rotate(true) }, 'Rotate now, without the wait')),
      el('p', { class: 'empty' }, el('small', {}, wait > 0
        ? `The next key may sign in ${span(wait)}, when verifiers have had time to learn it. On this machine there are none that cache keys, so you need not wait. The server signs with the new key within ten seconds.`
        : 'The next key has been public long enough to sign.'))))
}

async function rotate(now) {
  try { render(await operate('keys/rotate', { now })) } catch (error) { render(await operate('keys'), error.message) }
}
